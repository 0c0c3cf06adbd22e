package meeting

// Languages lists the languages of networks. docs/sprak.md says what a new one
// needs besides its row here.
func Languages() []string { return []string{"sv", "en"} }
