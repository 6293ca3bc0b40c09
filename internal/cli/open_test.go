package cli

import (
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/seed-96940006/tagboat/internal/plan"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// What could not be opened is not there to be closed: a nil pointer in an
// interface would be.
func TestAnInfraRepositoryThatCannotBeOpenedIsNone(t *testing.T) {
	world := World{Getenv: func(string) string { return "" }, Stdout: io.Discard, Stderr: io.Discard, Now: time.Now}
	a := &app{Runner: runner.New(world.Getenv, io.Discard, io.Discard), world: world}
	nowhere := filepath.Join(t.TempDir(), "no", "such")
	repo, err := a.openInfra(plan.Bump{Repository: t.TempDir(), Mode: plan.ModeCommit}, "", nowhere)
	if err == nil || repo != nil {
		t.Errorf("got %v, %v", repo, err)
	}
}
