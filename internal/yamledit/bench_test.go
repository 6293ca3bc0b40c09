package yamledit

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// valuesText is a Helm values file of about as many lines.
func valuesText(lines int) []byte {
	var b strings.Builder
	for i := range lines / 20 {
		fmt.Fprintf(&b, `# -- service %[1]d: what it does, and who asks for it
service%[1]d:
  enabled: true
  replicaCount: %[1]d   # at least two
  image:
    repository: ghcr.io/acme/service-%[1]d
    # -- overrides the chart's appVersion
    tag: "v1.2.%[1]d"
    pullPolicy: IfNotPresent

  resources:
    limits: {cpu: 500m, memory: 128Mi}
    requests: {cpu: 100m, memory: 64Mi}
  env:
    - name: LOG_LEVEL
      value: 'info'
  tolerations: []
  config: |
    listen: :8080
    timeout: 30s
`, i)
	}
	return []byte(b.String())
}

// deploymentText is a manifest of about as many lines.
func deploymentText(lines int) []byte {
	var b strings.Builder
	b.WriteString("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n")
	b.WriteString("      - name: web\n        image: ghcr.io/acme/web:v1\n        env:\n")
	for i := range lines / 2 {
		fmt.Fprintf(&b, "        - name: VARIABLE_%04d # comment\n          value: \"some value %d\"\n", i, i)
	}
	return []byte(b.String())
}

// jsonText is an indented JSON text of about as many lines.
func jsonText(tb testing.TB, lines int) []byte {
	type container struct {
		Name, Image string
		Ports       []int
		Ready       bool
		Weight      float64
	}
	all := make([]container, lines/10)
	for i := range all {
		all[i] = container{fmt.Sprintf("web-%d", i), fmt.Sprintf("ghcr.io/acme/web-%d:v1", i), []int{8000 + i, 9000}, i%2 == 0, float64(i) / 8}
	}
	out, err := json.MarshalIndent(map[string]any{"items": all}, "", "  ")
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func benchTexts(tb testing.TB) map[string][]byte {
	return map[string][]byte{
		"values":     valuesText(2000),
		"deployment": deploymentText(2000),
		"json":       jsonText(tb, 2000),
		"5MB":        valuesText(230_000),
	}
}

func BenchmarkParse(b *testing.B) {
	for name, src := range benchTexts(b) {
		b.Run(name, func(b *testing.B) { measure(b, src, func() error { _, err := Parse(src); return err }) })
		b.Run(name+"/fast", func(b *testing.B) { measure(b, src, func() error { fast(src); return nil }) })
		b.Run(name+"/parser", func(b *testing.B) { measure(b, src, func() error { _, err := decodeAny(src); return err }) })
	}
}

// BenchmarkEdit sets the scalar in the middle of the file.
func BenchmarkEdit(b *testing.B) {
	for name, src := range benchTexts(b) {
		b.Run(name, func(b *testing.B) {
			measure(b, src, func() error {
				f, err := Parse(src)
				if err != nil {
					return err
				}
				if err := f.Set(middle(f), "ghcr.io/acme/web:v1.2.3"); err != nil {
					return err
				}
				_, err = f.Bytes()
				return err
			})
		})
	}
}

// middle is a scalar in the middle of a file.
func middle(f *File) *yaml.Node {
	n := f.Documents()[0].Content[0]
	for n.Kind != yaml.ScalarNode {
		n = n.Content[min(len(n.Content)/2|1, len(n.Content)-1)]
	}
	return n
}

func measure(b *testing.B, src []byte, do func() error) {
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := do(); err != nil {
			b.Fatal(err)
		}
	}
}
