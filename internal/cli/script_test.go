package cli_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seed-96940006/tagboat/internal/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tagboat": func() { os.Exit(cli.Main()) },
	})
}

const scripts = "../../testdata/script"

// TestScripts runs one script for each promise. testdata/script/README.md tells
// the commands that they have beside testscript's own.
func TestScripts(t *testing.T) {
	found, err := filepath.Glob(scripts + "/*.txtar")
	if err != nil || len(found) == 0 {
		t.Fatalf("no scripts in %s: %v", scripts, err)
	}
	kit := scriptKit{t}
	testscript.Run(t, testscript.Params{
		Dir:   scripts,
		Setup: kit.setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"registry": kit.registry,
			"repo":     kit.repo,
			"workflow": kit.workflow,
			"with":     kit.with,
			"expand":   kit.expand,
			"pulled":   kit.pulled,
			"saved":    kit.saved,
			"exits":    kit.exits,
			"githost":  kit.githost,
			"github":   kit.github,
			"world":    kit.world,
			"stopped":  kit.stopped,
		},
		RequireUniqueNames: true,
	})
}
