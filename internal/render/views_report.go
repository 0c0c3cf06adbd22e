package render

import "time"

// Deletion is when what people wrote in a network is deleted, or was.
type Deletion struct {
	Network   string
	When      time.Time
	Published bool // because the report was published
	Entries   int  // how many were deleted
}

// Deletions are those of several networks at the same time.
type Deletions struct {
	Networks []Deletion
	Entries  int
}

// Names are the networks' names.
func (d Deletions) Names() []string {
	var out []string
	for _, n := range d.Networks {
		out = append(out, n.Network)
	}
	return out
}
