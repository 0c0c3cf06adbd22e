//go:build faults

package faults_test

import (
	"slices"
	"sync"
)

// untested is what this machine lets no test bring about. TestMain tells it, so
// that nobody takes the run for more than it was.
var untested notes

type notes struct {
	mu   sync.Mutex
	list []string
}

func (n *notes) add(what string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.list, what) {
		n.list = append(n.list, what)
	}
}

func (n *notes) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(slices.Values(n.list))
}
