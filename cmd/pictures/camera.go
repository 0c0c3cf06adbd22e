package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
)

// camera is tools/pictures/camera.mjs, which answers each command with a line.
type camera struct {
	cmd     *exec.Cmd
	stdin   io.Closer
	in      *json.Encoder
	answers *bufio.Scanner
}

// newCamera starts the camera of the folder in which tools/pictures is built.
func newCamera(ctx context.Context, client string) (*camera, error) {
	cmd := exec.CommandContext(ctx, "node", "camera.mjs", "out")
	cmd.Dir = client
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the camera: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the camera: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the camera, which needs node and make pictures: %w", err)
	}
	answers := bufio.NewScanner(out)
	answers.Buffer(nil, 1<<20)
	return &camera{cmd: cmd, stdin: in, in: json.NewEncoder(in), answers: answers}, nil
}

// do has a command of camera.mjs done.
func (c *camera) do(command map[string]string) error {
	fault := func(err error) error {
		return fmt.Errorf("%s %s at the screen of %s: %w", command["do"], command["file"], command["who"], err)
	}
	if err := c.in.Encode(command); err != nil {
		return fault(err)
	}
	if !c.answers.Scan() {
		return fault(errors.Join(errors.New("the camera ended"), c.answers.Err()))
	}
	var answer struct{ Fault string }
	if err := json.Unmarshal(c.answers.Bytes(), &answer); err != nil {
		return fault(err)
	}
	if answer.Fault != "" {
		return fault(errors.New(answer.Fault))
	}
	return nil
}

func (c *camera) close() error {
	if err := c.stdin.Close(); err != nil {
		return fmt.Errorf("end the camera: %w", err)
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("the camera ended badly: %w", err)
	}
	return nil
}
