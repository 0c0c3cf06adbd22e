package main

import (
	"fmt"
	"slices"
	"strings"
)

// planCommand notes what the plan must say after a command.
func (n *network) planCommand(args string) {
	at := strings.IndexAny(args+" ", " \n")
	verb, rest := args[:at], strings.TrimSpace(args[at:])
	switch verb {
	case "ny":
		n.planItem(rest)
	case "ändra":
		number, fields, _ := strings.Cut(strings.ReplaceAll(rest, "\n", " \n"), " ")
		for line := range strings.SplitSeq(strings.TrimSpace(fields), "\n") {
			if name, text, ok := strings.Cut(line, ": "); ok {
				n.planField(number, name, text)
			}
		}
	case "ta":
		for i := range n.plan {
			n.plan[i].gone = n.plan[i].gone || "bort "+n.plan[i].number == rest
		}
	case "godkänn":
		n.version++
	}
}

// planItem notes a new item: its area and what is to be done.
func (n *network) planItem(text string) {
	n.items++
	names := []string{"Område", "Vad"}
	for i, part := range strings.FieldsFunc(text, func(r rune) bool { return r == '|' || r == '\n' }) {
		if i >= len(names) {
			break
		}
		if _, value, ok := strings.Cut(part, ": "); ok {
			part = value
		}
		n.planField(fmt.Sprint(n.items), names[i], part)
	}
}

// planField notes a field, in place of what it said before.
func (n *network) planField(number, name, text string) {
	n.plan = slices.DeleteFunc(n.plan, func(p planned) bool { return p.number == number && p.field == name })
	n.plan = append(n.plan, planned{number: number, field: name, text: strings.TrimSpace(text)})
}
