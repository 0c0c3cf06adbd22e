//go:build faults

package faults_test

import "math/rand/v2"

// rng is a source of chance of its own for everybody who acts. What it gives
// follows from the seed and the name alone.
func (w *world) rng(name string) *rand.Rand {
	h := uint64(14695981039346656037)
	for _, b := range []byte(name) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return rand.New(rand.NewPCG(w.seed, h))
}

// deck deals the numbers below n in rounds, by chance: every number comes once
// in each round, so that in a run of some length nothing is left out by bad luck.
type deck struct {
	rng  *rand.Rand
	n    int
	left []int
}

func (d *deck) deal() int {
	if len(d.left) == 0 {
		d.left = d.rng.Perm(d.n)
	}
	card := d.left[0]
	d.left = d.left[1:]
	return card
}
