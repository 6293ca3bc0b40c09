package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/seed-96940006/tagboat/internal/cli"
)

const root = "../.."

func TestGeneratedPartsAreCurrent(t *testing.T) {
	stale, err := Generate(root, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(stale) > 0 {
		t.Errorf("run `make generate`: %v", stale)
	}
}

func TestAMissingMarkerIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"none":       "inputs:\n",
		"no end":     "# generated inputs: begin\n",
		"twice":      strings.Repeat("# generated inputs: begin\n# generated inputs: end\n", 2),
		"other part": "# generated outputs: begin\n# generated outputs: end\n",
	} {
		if out, err := replace([]byte(text), part{"action.yml", "inputs", "x"}); err == nil {
			t.Errorf("%s: got %q", name, out)
		}
	}
}

func TestEveryInputHasHelp(t *testing.T) {
	commands, err := cli.Commands()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range commands {
		names[c.Name] = true
		for _, in := range c.Inputs {
			if hasAction(c) && len(in.Help) < 20 {
				t.Errorf("%s: input %s says only %q", c.Name, in.Name, in.Help)
			}
		}
	}
	for _, name := range []string{"ship", "plan", "build", "bump", "version", "demo"} {
		if !names[name] {
			t.Errorf("there is no command %s", name)
		}
	}
}

// action is an action.yml, as far as it is checked.
type action struct {
	Name        string
	Description string
	Inputs      map[string]struct{ Description, Default string }
	Outputs     map[string]struct{ Description, Value string }
	Runs        struct {
		Using string
		Steps []struct {
			Name, ID, Shell, Run, Uses string
			Env                        map[string]string
		}
	}
}

// readActions parses every action.yml; unknown keys are errors.
func readActions(t *testing.T) map[string]action {
	t.Helper()
	files, err := filepath.Glob(root + "/actions/*/action.yml")
	if err != nil || len(files) < 6 {
		t.Fatalf("%d actions, %v", len(files), err)
	}
	all := map[string]action{}
	for _, file := range append(files, root+"/action.yml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var checked struct {
			Name, Description     string
			Inputs, Outputs, Runs any
		}
		strict := yaml.NewDecoder(bytes.NewReader(data))
		strict.KnownFields(true)
		if err := strict.Decode(&checked); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		var a action
		if err := yaml.Unmarshal(data, &a); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.ToSlash(name)] = a
	}
	return all
}

func TestActionsAreSafe(t *testing.T) {
	pinned := regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	for file, a := range readActions(t) {
		if a.Runs.Using != "composite" || a.Name == "" || a.Description == "" {
			t.Errorf("%s: %+v", file, a)
		}
		for i, step := range a.Runs.Steps {
			if strings.Contains(step.Run, "${{") {
				t.Errorf("%s: step %d has an expression in run: %s", file, i, step.Run)
			}
			if step.Uses != "" && !pinned.MatchString(step.Uses) {
				t.Errorf("%s: step %d uses %s, which is not pinned by a commit", file, i, step.Uses)
			}
			if step.Run != "" && step.Shell != "bash" {
				t.Errorf("%s: step %d has the shell %q", file, i, step.Shell)
			}
		}
		if install := a.Runs.Steps[0]; len(install.Env) > 0 || !strings.Contains(install.Run, `"$GITHUB_ACTION_PATH/`) {
			t.Errorf("%s: the first step is to install, without inputs: %+v", file, install)
		}
		if strings.HasSuffix(file, "setup/action.yml") {
			continue
		}
		if len(a.Runs.Steps) != 2 {
			t.Fatalf("%s: %d steps", file, len(a.Runs.Steps))
		}
		verb := filepath.Base(filepath.Dir(file))
		if verb == "." {
			verb = "ship"
		}
		run := a.Runs.Steps[1]
		if run.Run != `"$TAGBOAT" `+verb || run.ID != "run" || run.Env["INPUTS"] != "${{ toJSON(inputs) }}" {
			t.Errorf("%s: the second step is to run the verb: %+v", file, run)
		}
	}
}

func TestInstallFindsItsScript(t *testing.T) {
	for file, a := range readActions(t) {
		script := regexp.MustCompile(`\$GITHUB_ACTION_PATH/([^"]+)"`).FindStringSubmatch(a.Runs.Steps[0].Run)
		if script == nil {
			t.Errorf("%s: %s", file, a.Runs.Steps[0].Run)
			continue
		}
		info, err := os.Stat(filepath.Join(root, filepath.Dir(file), script[1]))
		if err != nil || info.Mode()&0o111 == 0 {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestNoSecretHasADefaultButTheJobsToken(t *testing.T) {
	commands, err := cli.Commands()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		for _, in := range c.Inputs {
			if in.Secret && in.Default != "" && in.Default != "${{ github.token }}" {
				t.Errorf("%s: %s has the default %q", c.Name, in.Name, in.Default)
			}
		}
	}
}
