// Package matrix connects the bot to a Matrix homeserver: it logs in, keeps
// the encryption keys, stores what arrives before anything is done with it,
// hands it on readable and in order, and sends what the outbox delivers. It
// decides nothing: what events mean, who may do what and what is written is
// the Handler's business, and storage is the Store's.
//
// Three rules hold everywhere. A sync token is stored only together with the
// events it stands for, and only after the keys that came with them. Nothing
// is written unencrypted into a room that was ever encrypted. No message, name
// or room name appears in an error or a log line.
package matrix
