// Package digest chooses key points from the replies to a prompt. It is
// extractive: a point is a participant's own sentence, shortened at most, and
// nothing is invented. It is pure and deterministic; it knows nothing of
// storage, chat or who may see what. Masking names and numbers, and deciding
// whether a role may be shown, is the caller's business.
package digest
