//go:build !goolm || !timetzdata || (cgo && !race)

package main

// Without these tags and with cgo the program would encrypt with a C library
// that need not be there and look for time zones that need not be there, so it
// shall not build at all. (The race detector needs cgo.)
var _ = build_with_CGO_ENABLED_0_and_tags_goolm_timetzdata
