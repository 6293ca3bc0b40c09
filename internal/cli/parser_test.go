package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryLineOfAFlagIsAValue pastes lists as workflows have them.
func TestEveryLineOfAFlagIsAValue(t *testing.T) {
	cases := map[string]struct{ given, want []string }{
		"one flag each":         {[]string{"a", "b"}, []string{"a", "b"}},
		"a list":                {[]string{"a\n  b \n\nc\n"}, []string{"a", "b", "c"}},
		"a list and one more":   {[]string{"a\nb", "c"}, []string{"a", "b", "c"}},
		"commas are no lines":   {[]string{"a,b"}, []string{"a,b"}},
		"what is empty is kept": {[]string{"", "a"}, []string{"", "a"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			args := []string{"ship", "--images=ghcr.io/acme/web"}
			for _, value := range c.given {
				args = append(args, "--build-args="+value)
			}
			p := testParser(t)
			ctx, err := p.parse(args)
			if err != nil && ctx == nil {
				t.Fatal(err)
			}
			for _, flag := range ctx.Selected().Flags {
				if flag.Name != "build-args" {
					continue
				}
				if diff := cmp.Diff(c.want, flag.Target.Interface()); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			}
		})
	}
}
