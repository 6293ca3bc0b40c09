package fidelity

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const page = "../../docs/fidelity.md"

var peersToo = flag.Bool("peers", false, "run the peers and write the tables into docs/fidelity.md")

// TestTables writes the tables of docs/fidelity.md.
func TestTables(t *testing.T) {
	if !*peersToo {
		t.Skip("the peers run in `make fidelity`")
	}
	all, tools := samples(t), append([]tool{ours}, peers...)
	outcomes := map[string][]outcome{} // by tool, in the order of the samples
	for _, tool := range tools {
		for _, s := range all {
			outcomes[tool.name] = append(outcomes[tool.name], run(t, tool, s))
		}
	}
	text := versions(t) + "\n" + totals(all, tools, outcomes) + "\n" + cases(all, tools, outcomes)
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(page, []byte(between(t, string(old), text)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// run lets a tool edit a sample. What a tool panics on it has refused.
func run(t *testing.T, tool tool, s sample) (is outcome) {
	if tool.name == "kustomize" && s.kustomize == "" {
		return none
	}
	defer func() {
		if v := recover(); v != nil {
			t.Logf("%s, %s: panic: %v", tool.name, s.name, v)
			is = refused
		}
	}()
	got, err := tool.edit(t, s)
	is = judge(s, got, err)
	t.Logf("%s, %s: %s %v\n%s", tool.name, s.name, is, err, got)
	return is
}

// between puts text between the markers of a page.
func between(t *testing.T, old, text string) string {
	t.Helper()
	const begin, end = "<!-- make fidelity -->\n", "<!-- end -->\n"
	before, rest, found := strings.Cut(old, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no markers", page)
	}
	return before + begin + text + end + after
}

// versions name what was compared.
func versions(t *testing.T) string {
	t.Helper()
	modules := []string{"sigs.k8s.io/kustomize/kyaml", "github.com/goccy/go-yaml"}
	out, err := exec.Command("go", append([]string{"list", "-m"}, modules...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	kyaml, goccy, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return fmt.Sprintf("Compared: yq %s, kustomize %s, %s, %s.\n", version(t, "yq", "--version"), version(t, "kustomize", "version"), kyaml, goccy)
}

// version is the last word that a program says of itself.
func version(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(binary(t, name), args...).Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	return words[len(words)-1]
}

// totals count the outcomes of every tool.
func totals(all []sample, tools []tool, outcomes map[string][]outcome) string {
	var b strings.Builder
	b.WriteString("| tool | how it is called | files | exact | noise | wrong data | refused | … where that is right |\n|---|---|---|---|---|---|---|---|\n")
	for _, tool := range tools {
		count, rightly := map[outcome]int{}, 0
		for i, is := range outcomes[tool.name] {
			count[is]++
			if is == refused && all[i].refuse != "" {
				rightly++
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d | %d | %d |\n", tool.name, tool.call,
			len(all)-count[none], count[exact], count[noise], count[wrong], count[refused], rightly)
	}
	return b.String()
}

// cases show every outcome.
func cases(all []sample, tools []tool, outcomes map[string][]outcome) string {
	var b strings.Builder
	b.WriteString("| file |")
	for _, tool := range tools {
		fmt.Fprintf(&b, " %s |", tool.name)
	}
	fmt.Fprintf(&b, "\n|---|%s\n", strings.Repeat("---|", len(tools)))
	for i, s := range all {
		var row []outcome
		for _, tool := range tools {
			row = append(row, outcomes[tool.name][i])
		}
		b.WriteString(rowOf(s, row...) + "\n")
	}
	return b.String()
}

// rowOf is the row of a sample, from its beginning.
func rowOf(s sample, outcomes ...outcome) string {
	row := fmt.Sprintf("| [%s](../internal/fidelity/testdata/%s.txtar) |", s.name, s.name)
	for _, is := range outcomes {
		row += fmt.Sprintf(" %s |", is)
	}
	return row
}
