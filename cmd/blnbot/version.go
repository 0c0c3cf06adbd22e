package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

// version is set by the linker: -ldflags "-X main.version=1.2.3". If it is
// empty, the version control's tag that go build stamps counts.
var version string

// versionCmd prints the version.
type versionCmd struct{}

// Run prints one line.
func (versionCmd) Run(env *environment) error {
	info, _ := debug.ReadBuildInfo()
	fmt.Fprintln(env.stdout, describe(version, info))
	return nil
}

// describe is the version, with the commit and the date where they are known.
func describe(version string, info *debug.BuildInfo) string {
	var revision, date, dirty string
	if info != nil {
		if version == "" {
			version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				revision = s.Value[:min(len(s.Value), 12)]
			case "vcs.time":
				date = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					dirty = ", changed since"
				}
			}
		}
	}
	if version == "" {
		version = "(unknown version)"
	}
	text := "blnbot " + version
	if revision != "" {
		text += fmt.Sprintf(" (%s of %s%s)", revision, date, dirty)
	}
	return fmt.Sprintf("%s, %s %s/%s", text, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
