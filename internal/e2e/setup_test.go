//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheBinaryIsBuiltOnceForAStateOfTheSources installs twice into one tool
// cache, and once into one that cannot be written.
func TestTheBinaryIsBuiltOnceForAStateOfTheSources(t *testing.T) {
	cache, temp := t.TempDir(), t.TempDir()
	install := func(cache, path string) (log string, outputs map[string]string) {
		t.Helper()
		file := filepath.Join(t.TempDir(), "output")
		cmd := exec.Command("../../actions/setup/install.sh")
		cmd.Env = append(os.Environ(), "RUNNER_TOOL_CACHE="+cache, "RUNNER_TEMP="+temp, "RUNNER_ARCH=X64", "GITHUB_OUTPUT="+file, "PATH="+path)
		out, err := cmd.CombinedOutput()
		if err != nil {
			return string(out), nil
		}
		data, err := os.ReadFile(file)
		check(t, err)
		outputs = map[string]string{}
		for line := range strings.Lines(string(data)) {
			name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			outputs[name] = value
		}
		return string(out), outputs
	}
	path := os.Getenv("PATH")
	log, first := install(cache, path)
	if !strings.Contains(log, "Building tagboat") || !strings.HasPrefix(first["binary"], filepath.Join(cache, "tagboat", first["version"], "X64")) {
		t.Fatalf("outputs %v\n%s", first, log)
	}
	if _, err := os.Stat(filepath.Join(cache, "tagboat", first["version"], "X64.complete")); err != nil {
		t.Error(err)
	}
	if log, again := install(cache, path); strings.Contains(log, "Building") || again["binary"] != first["binary"] {
		t.Errorf("built again: outputs %v\n%s", again, log)
	}
	if out, err := exec.Command(first["binary"], "--version").Output(); err != nil || string(out) != "tagboat "+first["version"]+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	if _, elsewhere := install("/proc/no/such", path); !strings.HasPrefix(elsewhere["binary"], temp) {
		t.Errorf("without a tool cache it went to %v", elsewhere)
	}
	if log, _ := install(t.TempDir(), "/usr/bin:/bin"); !strings.Contains(log, "title=E_SETUP_GO") {
		t.Errorf("without Go it says %s", log)
	}
}
