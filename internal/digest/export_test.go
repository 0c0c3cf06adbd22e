package digest

// Shorten lets the baselines in the tests shorten as the digest does.
func Shorten(text string, n int) string { return shorten(text, n, false) }

// Sentences lets the tests see how a reply is split.
func Sentences(language, body string) []string {
	var out []string
	for _, s := range newLexicon(language).sentences(body, defaultMaxLength, maxSentences) {
		out = append(out, s.text)
	}
	return out
}
