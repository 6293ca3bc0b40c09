// Package arch holds the structure of the program: who may import whom. The table
// is the one of docs/architecture.md; a new package, or a new arrow, is a decision.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/seed-96940006/tagboat/"

// table reads the packages of ours that each package may import out of the table
// in docs/architecture.md.
func table(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(root + "/docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	allowed := map[string][]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)` \\| .* \\| ([a-z –]+) \\|$").FindAllStringSubmatch(string(data), -1) {
		allowed["internal/"+m[1]] = strings.Fields(strings.Trim(m[2], "–"))
	}
	if len(allowed) < 15 {
		t.Fatalf("only %d packages were found in the table", len(allowed))
	}
	// What is not in the table: the program, its samples, and folders of tests.
	allowed["cmd/tagboat"] = []string{"cli"}
	for _, name := range []string{"testdata", "internal/arch", "internal/bench", "internal/e2e"} {
		allowed[name] = nil
	}
	return allowed
}

// pure are the packages that decide: they reach neither files, programs, the
// network nor the clock.
var pure = []string{"internal/plan", "internal/manifest", "internal/yamledit", "internal/ref", "internal/fault"}

var world = []string{"os", "os/exec", "net", "net/http", "time", "math/rand", "math/rand/v2", "crypto/rand"}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	allowed := table(t)
	used := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		used[name] = true
		may, known := allowed[name]
		if !known {
			t.Errorf("%s is not in the table of docs/architecture.md: say there what it is for, and what it may import", name)
			continue
		}
		for _, i := range p.Imports {
			ours, internal := strings.CutPrefix(i, module)
			to := strings.TrimPrefix(ours, "internal/")
			switch {
			case internal && within(to, "testkit") && !within(name, "internal/testkit"):
				t.Errorf("%s imports %s, which is for tests", name, to)
			case internal && !slices.Contains(may, to) && !slices.Contains(may, "all"):
				t.Errorf("%s must not import %s", name, ours)
			case i == "os/exec" && name != "internal/run":
				t.Errorf("%s starts programs: internal/run does that", name)
			case slices.Contains(pure, name) && slices.Contains(world, i):
				t.Errorf("%s is pure: it must not import %s", name, i)
			}
			used[name+" → "+to] = internal
		}
	}
	for name, may := range allowed {
		if !used[name] && name != "internal/bench" && name != "internal/e2e" { // these have nothing but tests
			t.Errorf("the table has %s, which is no package", name)
		}
		for _, to := range may {
			if to != "all" && !used[name+" → "+to] {
				t.Errorf("the table lets %s import %s, and it does not", name, to)
			}
		}
	}
}

// within reports whether a package is folder, or below it.
func within(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...", module+"testdata").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		err := dec.Decode(&p)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
