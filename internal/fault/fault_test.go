package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestAllFindsEveryFaultWhereverItIs(t *testing.T) {
	a := fault.Newf("E_A", "do a", "a is wrong")
	b := fault.Newf("E_B", "do b", "b is wrong").At("x.yaml", 7)
	cases := map[string]struct {
		err  error
		want []string
	}{
		"nothing":                {nil, nil},
		"one":                    {a, []string{"E_A a is wrong"}},
		"with a place":           {b, []string{"E_B x.yaml:7: b is wrong"}},
		"wrapped":                {fmt.Errorf("job: %w", b), []string{"E_B job: x.yaml:7: b is wrong"}},
		"wrapped in silence":     {silent{b}, []string{"E_B x.yaml:7: b is wrong"}},
		"joined":                 {errors.Join(a, nil, b), []string{"E_A a is wrong", "E_B x.yaml:7: b is wrong"}},
		"joined and wrapped":     {silent{errors.Join(a, fmt.Errorf("deep: %w", errors.Join(b, a)))}, []string{"E_A a is wrong", "E_B x.yaml:7: b is wrong", "E_A a is wrong"}},
		"no fault":               {io.EOF, []string{"E_UNEXPECTED EOF"}},
		"no fault, wrapped":      {fmt.Errorf("read: %w", io.EOF), []string{"E_UNEXPECTED read: EOF"}},
		"a fault around another": {fault.New("E_C", "", fmt.Errorf("c: %w", a)), []string{"E_C c: a is wrong"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range fault.All(c.err) {
				got = append(got, f.Code+" "+f.Error())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if c.err != nil && !fault.Is(c.err, fault.Code(c.err)) {
				t.Errorf("the code %s is not in it", fault.Code(c.err))
			}
		})
	}
}

func TestAHintSurvivesWrapping(t *testing.T) {
	err := fmt.Errorf("step: %w", fault.Newf("E_A", "do a", "a is wrong").At("x", 0))
	if f := fault.All(err)[0]; f.Hint != "do a" || f.File != "" || f.Error() != "step: x: a is wrong" {
		t.Errorf("%+v", f)
	}
}

// silent marks an error and adds nothing to its text.
type silent struct{ error }

func (s silent) Unwrap() error { return s.error }

func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"two\n\tlines":            "two lines",
		"\x1b[31mred\x1b[0m\a":    "[31mred [0m",
		"::error::\u202etxt":      "::error:: txt",
		"grüße":                   "grüße",
		"one two three four five": "one two three …",
		"":                        "",
	} {
		if got := fault.Plain(text, 14); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
