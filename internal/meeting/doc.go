// Package meeting holds the nouns of a blended learning network (programme,
// network, meeting, prompt, entry, summary, plan) and the pure rules about
// them. It imports only the standard library and knows nothing of Matrix, of
// storage, of languages or of the clock: times are always arguments, in UTC
// unless a comment says otherwise.
package meeting
