package digest_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"blnbot/internal/digest"
)

func TestGroup(t *testing.T) {
	tests := []struct {
		name, lang string
		texts      []string
		want       [][]int
	}{
		{"nothing", "sv", nil, nil},
		{"no words", "sv", []string{"", "👍", "…"}, [][]int{{0}, {1}, {2}}},
		{"the same twice", "sv", []string{"Avlastning på helger saknas.", "Mer tid för samtal behövs.", "Avlastning på helger saknas."},
			[][]int{{0, 2}, {1}}},
		{"in other words", "sv", []string{
			"En fast kontaktperson som svarar när det är akut.",
			"Anhöriggruppen på kvällstid gör att fler kan vara med.",
			"Det viktigaste är en kontaktperson som man når när det blir akut.",
			"Samordning mellan kommunen och regionen är det som avgör.",
			"Kontaktpersonen på beroendemottagningen svarar alltid, även på kvällen.",
			"Kommunen och regionen måste samordna sig bättre.",
			"Anhöriggrupper på kvällen är bra, då kan man komma efter jobbet.",
			"Personalen lyssnar inte på oss anhöriga.",
		}, [][]int{{0, 2, 4}, {1, 6}, {3, 5}, {7}}},
		{"one denies it", "sv", []string{"Det finns ingen avlastning på helger.", "Avlastningen på helger fungerar bra hos oss."}, [][]int{{0}, {1}}},
		{"English", "en", []string{"A contact person who answers at night.", "More training for the staff.", "At night there should be a contact person to call."},
			[][]int{{0, 2}, {1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, digest.Group(tt.texts, digest.Options{Language: tt.lang})); diff != "" {
				t.Errorf("groups (-want +got):\n%s", diff)
			}
		})
	}
}

// TestGroupMany groups as many points as sixty networks can have on a prompt.
func TestGroupMany(t *testing.T) {
	var texts []string
	for i := range 60 {
		for k := range 12 {
			texts = append(texts, fmt.Sprintf("Stödet i kommun %d behöver bli bättre på område %d, säger anhöriga.", i, k))
		}
	}
	began := time.Now()
	seen := 0
	for _, g := range digest.Group(texts, digest.Options{Language: "sv"}) {
		seen += len(g)
	}
	if seen != len(texts) {
		t.Errorf("%d texts are in a group, want %d", seen, len(texts))
	}
	t.Logf("grouped %d texts in %s", seen, time.Since(began).Round(time.Millisecond))
}
