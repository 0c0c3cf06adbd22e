package bot

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"blnbot/internal/meeting"
	"blnbot/internal/render"
)

// numbered is a line with the question's number and the answer: "1: 4".
var numbered = regexp.MustCompile(`^\s*(\d)\s*[.:)=-]\s*(\d+)\s*$`)

// leading are the numbers that a text begins with, and what stands between
// them.
var leading = regexp.MustCompile(`^[\s,;./:+-]*(\d+)(?:[\s,;./:+-]+|$)`)

// refusals are ways to say that one does not want to, folded.
var refusals = []string{"nej", "nej tack", "no", "no thanks", "no thank you", "vill inte", "jag vill inte", "avsta", "avstar", "hoppa over"}

// nothingMore are answers to whether one wants to say more, folded.
var nothingMore = []string{"tack", "ok", "okej", "klart", "klar", "det var allt", "inget", "inget mer", "thanks", "thank you", "done", "nothing"}

// parseOpinion reads answers to the questions that are left, "4 3 2 4 and words
// of one's own", one answer or several, also one to a line. The fault is "no"
// if the person does not want to, and otherwise the name of the text that says
// what is wrong; then nothing of the message is to be kept.
func parseOpinion(text string, left int) (answers []int, words, fault string) {
	plain := strings.TrimRight(render.Fold(strings.TrimSpace(text)), ".! ")
	if slices.Contains(refusals, plain) {
		return nil, "", "no"
	}
	if left == 0 {
		if slices.Contains(nothingMore, plain) {
			return nil, "", "no"
		}
		return nil, strings.TrimSpace(text), tooLong(text)
	}
	rest := unnumber(text)
	for len(answers) < left {
		found := leading.FindStringSubmatchIndex(rest)
		if found == nil {
			break
		}
		digits := rest[found[2]:found[3]]
		rest = rest[found[1]:]
		if len(answers) == 0 && len(digits) == left && left > 1 {
			for _, d := range digits { // "4324"
				answers = append(answers, int(d-'0'))
			}
			break
		}
		n, err := strconv.Atoi(digits)
		if err != nil {
			n = -1
		}
		answers = append(answers, n)
	}
	words = strings.TrimSpace(strings.TrimLeft(rest, ",;.:- "))
	switch {
	case len(answers) == 0:
		return nil, "", "evaluation_form"
	case slices.ContainsFunc(answers, func(n int) bool { return n < 1 || n > meeting.EvaluationScale }):
		return nil, "", "evaluation_range"
	case words != "" && strings.IndexFunc(words, unicode.IsLetter) < 0:
		return nil, "", "evaluation_many"
	case len(answers) < left && words != "":
		return nil, "", "evaluation_missing"
	}
	return answers, words, tooLong(words)
}

func tooLong(words string) string {
	if len([]rune(words)) > longestOpinion {
		return "evaluation_long"
	}
	return ""
}

// unnumber takes the numbers of the questions away, where the answers stand on
// lines of their own in the questions' order.
func unnumber(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	var out []string
	for i, line := range lines {
		found := numbered.FindStringSubmatch(line)
		if found == nil || found[1] != strconv.Itoa(i+1) {
			if i < 2 {
				return text
			}
			return strings.Join(append(out, lines[i:]...), "\n")
		}
		out = append(out, found[2])
	}
	if len(lines) < 2 {
		return text
	}
	return strings.Join(out, "\n")
}
