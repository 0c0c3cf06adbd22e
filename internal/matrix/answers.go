package matrix

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"maunium.net/go/mautrix"
)

// errTooLarge: an answer is larger than any that makes sense.
var errTooLarge = errors.New("answer too large")

// deepest is how deeply arrays and objects may be nested in an answer. What
// Matrix specifies needs a tenth of it.
const deepest = 200

// readAnswer decodes the body of an answer. It is a mautrix.ClientResponseHandler.
//
// Go refuses JSON that is nested more than 10,000 deep, all of it: one message
// with brackets in it would keep the bot from ever reading the sync answer that
// brings it. So what is nested too deeply is left out, and the rest is read.
func readAnswer(req *http.Request, res *http.Response, out any, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, limit+1))
	switch {
	case err != nil:
	case int64(len(body)) > limit:
		err = errTooLarge
	case out == nil:
		return body, nil
	default:
		if err = json.Unmarshal(body, out); err != nil && json.Unmarshal(shallow(body, deepest), out) == nil {
			err = nil
		}
	}
	if err != nil {
		return nil, mautrix.HTTPError{Request: req, Response: res, Message: "failed to read the answer", WrappedError: err}
	}
	return body, nil
}

// shallow replaces by null what is nested deeper than most.
func shallow(data []byte, most int) []byte {
	out := make([]byte, 0, len(data))
	depth, quoted, escaped := 0, false, false
	for _, c := range data {
		deep := depth > most
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			if depth++; depth == most+1 {
				out = append(out, "null"...)
			}
			deep = depth > most
		case c == ']' || c == '}':
			depth--
		}
		if !deep {
			out = append(out, c)
		}
	}
	return out
}
