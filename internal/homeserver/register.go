package homeserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// ErrUserInUse: an account with that name exists.
var ErrUserInUse = errors.New("user name is in use")

// Register makes an account. Dendrite, not Synapse, wants passwords of at least eight
// characters. The error is ErrUserInUse if the account exists.
func (s *Server) Register(ctx context.Context, localpart, password string, admin bool) error {
	if err := s.register(ctx, localpart, password, admin); err != nil {
		return fmt.Errorf("register %s: %w", localpart, err)
	}
	return nil
}

// register follows Synapse's shared-secret registration, which Dendrite has
// taken over (clientapi/routing/register_secret.go).
func (s *Server) register(ctx context.Context, localpart, password string, admin bool) error {
	var challenge struct {
		Nonce string `json:"nonce"`
	}
	if err := s.registration(ctx, http.MethodGet, nil, &challenge); err != nil {
		return err
	}
	role := "notadmin"
	if admin {
		role = "admin"
	}
	mac := hmac.New(sha1.New, []byte(s.id.Secret))
	_, _ = io.WriteString(mac, strings.Join([]string{challenge.Nonce, localpart, password, role}, "\x00"))
	return s.registration(ctx, http.MethodPost, map[string]any{
		"nonce":    challenge.Nonce,
		"username": localpart,
		"password": password,
		"admin":    admin,
		"mac":      hex.EncodeToString(mac.Sum(nil)),
	}, nil)
}

// registration sends one request of the registration protocol and decodes the
// answer.
func (s *Server) registration(ctx context.Context, method string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.URL()+"/_synapse/admin/v1/register", bytes.NewReader(data))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var fault struct {
			Code    string `json:"errcode"`
			Message string `json:"error"`
		}
		_ = json.Unmarshal(answer, &fault) // without a code the status says enough
		if fault.Code == "M_USER_IN_USE" {
			return ErrUserInUse
		}
		return fmt.Errorf("status %d %s: %s", resp.StatusCode, fault.Code, fault.Message)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
