package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"blnbot/internal/homeserver/stage"
)

// name gives an account a display name, as whoever makes the bot's account does
// (docs/installation.md): with a login for just that.
func name(ctx context.Context, homeserver, user, display string) error {
	var login struct {
		Token string `json:"access_token"`
		ID    string `json:"user_id"`
	}
	request := map[string]any{"type": "m.login.password", "password": stage.Password,
		"identifier": map[string]string{"type": "m.id.user", "user": user}}
	if err := call(ctx, http.MethodPost, homeserver+"/_matrix/client/v3/login", "", request, &login); err != nil {
		return err
	}
	profile := homeserver + "/_matrix/client/v3/profile/" + url.PathEscape(login.ID) + "/displayname"
	if err := call(ctx, http.MethodPut, profile, login.Token, map[string]string{"displayname": display}, nil); err != nil {
		return err
	}
	return call(ctx, http.MethodPost, homeserver+"/_matrix/client/v3/logout", login.Token, map[string]string{}, nil)
}

// call sends a request and takes the answer's JSON.
func call(ctx context.Context, method, address, token string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: status %s", method, address, resp.Status)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("%s %s: %w", method, address, err)
	}
	return nil
}
