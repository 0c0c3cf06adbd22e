package matrix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/crypto/signatures"
	"maunium.net/go/mautrix/crypto/ssss"
	"maunium.net/go/mautrix/crypto/utils"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"
)

// identity is what the server publishes about the account's cross-signing.
type identity struct {
	master id.Ed25519 // empty if there is none
	self   id.Ed25519 // self-signing key, verified to be signed by master
	signed bool       // the bot's device is signed by self
}

// queryIdentity asks the server itself. mautrix's own answer comes from its
// database, and would miss that somebody has reset the identity.
func (c *Client) queryIdentity(ctx context.Context) (identity, error) {
	resp, err := c.api.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{c.self: {}}})
	if err != nil {
		return identity{}, newFault("query own identity", err)
	}
	var out identity
	master, ok := resp.MasterKeys[c.self]
	if !ok || len(master.Keys) == 0 {
		return out, nil
	}
	out.master = master.FirstKey()
	self := resp.SelfSigningKeys[c.self]
	if ok, err := signatures.VerifySignatureJSON(self, c.self, out.master.String(), out.master); err != nil || !ok {
		return out, nil
	}
	out.self = self.FirstKey()
	device, ok := resp.DeviceKeys[c.self][c.session.device]
	if !ok || device.Keys.GetEd25519(c.session.device) != c.mach.GetAccount().SigningKey() {
		return out, nil
	}
	out.signed, err = signatures.VerifySignatureJSON(device, c.self, out.self.String(), out.self)
	if err != nil {
		out.signed = false
	}
	return out, nil
}

// ensureIdentity makes the bot's device cross-signed by its own account, so
// that clients of other people exchange keys with it (MSC4153). An identity
// that exists is used if the recovery key opens it, and never replaced.
//
// A new device that cannot be signed is an error: nobody would be able to
// read the bot. A device that was signed once and no longer is, because
// somebody reset the identity, is reported and works on as well as it can.
func (c *Client) ensureIdentity(ctx context.Context) error {
	found, err := c.queryIdentity(ctx)
	if err != nil {
		return err
	}
	if !found.signed {
		if found.master == "" {
			err = c.createIdentity(ctx)
		} else {
			c.doubtBeginning(ctx)
			err = c.useIdentity(ctx, found)
		}
		if err == nil {
			if found, err = c.queryIdentity(ctx); err == nil && !found.signed {
				err = fmt.Errorf("%w: the server shows no signature", ErrIdentityExists)
			}
		}
	}
	if err != nil {
		if c.session.signed && !errors.Is(err, ErrUnreachable) && !errors.Is(err, ErrLoggedOut) {
			c.log.Error("device is no longer cross-signed", "error", err)
			return nil
		}
		return err
	}
	// Brings the keys, the signatures and the other own devices into the store.
	if _, err := c.mach.FetchKeys(ctx, []id.UserID{c.self}, true); err != nil {
		return newFault("fetch own keys", err)
	}
	c.session.signed = true
	return c.session.store(ctx, c.raw)
}

// doubtBeginning warns if the account has been in use while the bot's own database
// is new: most likely it looks for its data in the wrong place.
func (c *Client) doubtBeginning(ctx context.Context) {
	if began, err := c.store.Began(ctx); err == nil && began.IsZero() {
		c.log.Warn("the account has been in use, but data_dir holds no minutes; if there have been any, stop the bot and look where they are")
	}
}

// createIdentity gives an account without identity one. The order lets any
// step be the last before a crash: the recovery key is on disk before a
// secret is encrypted with it, and the secrets are on the server before the
// public keys are. A second run uses the key in the file.
func (c *Client) createIdentity(ctx context.Context) error {
	key, err := c.storageKey(ctx)
	if err != nil {
		return err
	}
	seeds, err := c.mach.GenerateCrossSigningKeys()
	if err != nil {
		return fmt.Errorf("generate identity: %w", err)
	}
	for _, secret := range []struct {
		name event.Type
		seed []byte
	}{
		{event.AccountDataCrossSigningMaster, seeds.MasterKey.Seed()},
		{event.AccountDataCrossSigningSelf, seeds.SelfSigningKey.Seed()},
		{event.AccountDataCrossSigningUser, seeds.UserSigningKey.Seed()},
	} {
		if err := c.mach.SSSS.SetEncryptedAccountData(ctx, secret.name, secret.seed, key); err != nil {
			return newFault("store identity", err)
		}
	}
	if err := c.mach.SSSS.SetDefaultKeyID(ctx, key.ID); err != nil {
		return newFault("store identity", err)
	}
	if err := c.publishIdentity(ctx, seeds); err != nil {
		return err
	}
	return c.signDevice(ctx)
}

func (c *Client) publishIdentity(ctx context.Context, seeds *crypto.CrossSigningKeysCache) error {
	var approve mautrix.UIACallback
	if c.o.Password != "" {
		approve = func(ui *mautrix.RespUserInteractive) any {
			return &mautrix.ReqUIAuthLogin{
				BaseAuthData: mautrix.BaseAuthData{Type: mautrix.AuthTypePassword, Session: ui.Session},
				User:         c.self.String(), Password: c.o.Password,
			}
		}
	}
	err := newFault("publish identity", c.mach.PublishCrossSigningKeys(ctx, seeds, approve))
	// A request for approval has no code (Client-Server API, User-interactive API).
	if f := asFault(err); f != nil && f.status == http.StatusUnauthorized && !errors.Is(err, ErrLoggedOut) {
		return ErrNeedsApproval
	}
	return err
}

// storageKey is the key to secret storage: the one in the recovery key file,
// or a new one that is written there first.
func (c *Client) storageKey(ctx context.Context) (*ssss.Key, error) {
	defaultID, meta, err := c.mach.SSSS.GetDefaultKeyData(ctx)
	hasStorage := err == nil
	if err != nil && !errors.Is(err, ssss.ErrNoDefaultKeyAccountDataEvent) &&
		!errors.Is(err, ssss.ErrNoKeyFieldInAccountDataEvent) && !statusIs(newFault("get secret storage", err), http.StatusNotFound) {
		return nil, newFault("get secret storage", err)
	}
	recovery, err := c.readRecoveryKey()
	if err != nil {
		return nil, err
	}
	if hasStorage {
		// Somebody keeps other secrets there: only the right key may add to them.
		key, err := meta.VerifyRecoveryKey(defaultID, recovery)
		if err != nil {
			return nil, fmt.Errorf("%w: secret storage: %w", ErrIdentityExists, err)
		}
		return key, nil
	}
	var key *ssss.Key
	if recovery == "" {
		if key, err = ssss.NewKey(""); err != nil {
			return nil, fmt.Errorf("generate recovery key: %w", err)
		}
		if err := writeRecoveryKey(c.o.RecoveryKeyFile, key.RecoveryKey()); err != nil {
			return nil, err
		}
	} else if key, err = ssss.WrapKey(utils.DecodeBase58RecoveryKey(recovery), nil); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRecoveryKey, err)
	}
	if err := c.mach.SSSS.SetKeyData(ctx, key.ID, key.Metadata); err != nil {
		return nil, newFault("store recovery key data", err)
	}
	return key, nil
}

// useIdentity signs the device with the identity that the account has.
func (c *Client) useIdentity(ctx context.Context, found identity) error {
	recovery, err := c.readRecoveryKey()
	if err != nil {
		return err
	}
	if recovery == "" {
		return fmt.Errorf("%w: %s is missing", ErrIdentityExists, filepath.Base(c.o.RecoveryKeyFile))
	}
	keyID, meta, err := c.mach.SSSS.GetDefaultKeyData(ctx)
	if err != nil {
		if err = newFault("get secret storage", err); errors.Is(err, ErrUnreachable) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrIdentityExists, err)
	}
	key, err := meta.VerifyRecoveryKey(keyID, recovery)
	if err != nil && !errors.Is(err, ssss.ErrUnverifiableKey) {
		return fmt.Errorf("%w: %w", ErrIdentityExists, err)
	}
	if err := c.mach.FetchCrossSigningKeysFromSSSS(ctx, key); err != nil {
		if err = newFault("get identity", err); errors.Is(err, ErrUnreachable) {
			return err
		}
		return fmt.Errorf("%w: %w", ErrIdentityExists, err)
	}
	if c.mach.CrossSigningKeys.PublicKeys().MasterKey != found.master {
		c.mach.CrossSigningKeys = nil
		return fmt.Errorf("%w: secret storage holds an older identity", ErrIdentityExists)
	}
	return c.signDevice(ctx)
}

func (c *Client) signDevice(ctx context.Context) error {
	// The private keys are not needed again, and go with the process's memory.
	defer func() { c.mach.CrossSigningKeys = nil }()
	if err := c.mach.SignOwnDevice(ctx, c.mach.OwnIdentity()); err != nil {
		return newFault("sign device", err)
	}
	return newFault("sign identity", c.mach.SignOwnMasterKey(ctx))
}

// readRecoveryKey reads the recovery key file; empty if there is none.
func (c *Client) readRecoveryKey() (string, error) {
	data, err := os.ReadFile(c.o.RecoveryKeyFile)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRecoveryKey, err)
	}
	key := strings.TrimSpace(string(data))
	if utils.DecodeBase58RecoveryKey(key) == nil {
		return "", fmt.Errorf("%w: no recovery key in %s", ErrRecoveryKey, filepath.Base(c.o.RecoveryKeyFile))
	}
	return key, nil
}

// writeRecoveryKey writes the key where no file is yet, and returns when it
// is safe on disk.
func writeRecoveryKey(path, key string) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("%w: %w", ErrRecoveryKey, err)
		}
	}()
	if path == "" {
		return errors.New("no path configured")
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	// Under the final name the file is either whole or not there.
	tmp, err := os.CreateTemp(dir, ".recovery-key-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.WriteString(key + "\n")
	if err = errors.Join(err, tmp.Chmod(0o600), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // no hard links on this file system
		if err := writeNew(path, key+"\n"); err != nil {
			return err
		}
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Sync(), f.Close())
}
