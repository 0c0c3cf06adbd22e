package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFollowUp(t *testing.T) {
	for _, tt := range []struct {
		name, top, network string
		want               []int
	}{
		{name: "defaults", want: []int{3, 6, 12}},
		{name: "for all", top: "follow_up: [1y, 3mo]", want: []int{3, 12}},
		{name: "for one", top: "follow_up: [3mo]", network: "follow_up: [2 mo, 18mo]", want: []int{2, 18}},
		{name: "never", top: "follow_up: [3mo]", network: "follow_up: []", want: []int{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg, dir, err := load(t, tt.top+"\n"+base+"    "+tt.network+"\n")
			if err != nil {
				t.Fatal(faults(err, dir))
			}
			if diff := cmp.Diff(tt.want, cfg.Networks[0].FollowUp); diff != "" {
				t.Error(diff)
			}
		})
	}
	for text, want := range map[string]string{
		"[3]":        `1:13 "3" is not a number of months or years`,
		"[3m]":       `1:13 "3m" is not a number of months or years`,
		"[0mo]":      `1:13 "0mo" is not between 1mo and 60mo`,
		"[6y]":       `1:13 "6y" is not between 1mo and 60mo`,
		"[12mo, 1y]": `1:19 "1y" stands there twice`,
	} {
		_, dir, err := load(t, "follow_up: "+text+"\n"+base)
		if diff := cmp.Diff([]string{want}, faults(err, dir)); diff != "" {
			t.Errorf("%s: -want +got:\n%s", text, diff)
		}
	}
}
