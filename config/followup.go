package config

import (
	"regexp"
	"slices"
	"strconv"
)

// mostMonths is how long after a decision it can be asked what came of a plan.
const mostMonths = 60

// months is "3mo" or "1y".
var months = regexp.MustCompile(`^(\d{1,3})\s*(mo|y)$`)

// followUp reads after how many months it is asked what came of a plan. An empty
// list means never, and is not nil.
func followUp(v value) []int {
	out := []int{}
	texts, values := v.texts()
	for i, text := range texts {
		found := months.FindStringSubmatch(text)
		if found == nil {
			values[i].fail("%s is not a number of months or years", quote(text))
			continue
		}
		n, _ := strconv.Atoi(found[1]) // three figures at most
		if found[2] == "y" {
			n *= 12
		}
		switch {
		case n < 1 || n > mostMonths:
			values[i].fail("%s is not between 1mo and %dmo", quote(text), mostMonths)
		case slices.Contains(out, n):
			values[i].fail("%s stands there twice", quote(text))
		default:
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
