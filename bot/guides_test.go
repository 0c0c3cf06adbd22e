package bot

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"blnbot/internal/meeting"
)

// commandIn is a command as the guides write it.
var commandIn = regexp.MustCompile("`!([^`]+)`")

// commandsIn lists the commands of a text; a name that does not exist is a
// failure.
func commandsIn(t *testing.T, text string) []*command {
	t.Helper()
	var list []*command
	for _, found := range commandIn.FindAllStringSubmatch(text, -1) {
		name, args := cutWord(found[1])
		cmd, _ := lookup(name, args)
		if cmd == nil {
			t.Errorf("there is no command `!%s`", found[1])
			continue
		}
		list = append(list, cmd)
	}
	return list
}

func readGuide(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGuidesNameCommands: every command in the guides exists, and every picture.
func TestGuidesNameCommands(t *testing.T) {
	picture := regexp.MustCompile(`src="([^"]+)"`)
	for _, name := range []string{"handledning-deltagare.md", "handledning-ledare.md", "appar.md", "installation.md"} {
		t.Run(name, func(t *testing.T) {
			text := readGuide(t, name)
			commandsIn(t, text)
			for _, found := range picture.FindAllStringSubmatch(text, -1) {
				if _, err := os.Stat(filepath.Join("..", "docs", filepath.FromSlash(found[1]))); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestGesturesHaveCommands: the table of docs/appar.md has a row for every gesture
// that the bot knows, with a command that those may use of whom it says so.
func TestGesturesHaveCommands(t *testing.T) {
	rows := map[string]string{}
	gestures := []string{meeting.EmojiSupport, meeting.EmojiLeaveOut, meeting.EmojiApprove, meeting.EmojiReceipt,
		meeting.EmojiKey, meeting.EmojiIdea, meeting.EmojiAction}
	for row := range strings.Lines(readGuide(t, "appar.md")) {
		cells := strings.Split(strings.Trim(row, "|\n "), "|")
		if len(cells) != 4 {
			continue
		}
		for _, cmd := range commandsIn(t, cells[2]) {
			forAll := strings.HasPrefix(strings.TrimSpace(cells[3]), "alla")
			if forAll != (cmd.who == anyone) {
				t.Errorf("who may use !%s is not as the table says: %s", cmd.name, row)
			}
			for _, g := range gestures {
				if strings.HasPrefix(strings.TrimSpace(cells[1]), g) {
					rows[g] = cmd.name
				}
			}
		}
	}
	for _, g := range gestures {
		if rows[g] == "" {
			t.Errorf("no command for %s", g)
		}
	}
}
