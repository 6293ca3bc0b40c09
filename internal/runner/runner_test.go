package runner_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/runner"
)

// inActions is a runner in a workflow; files are in the folder of the test.
func inActions(t *testing.T, more map[string]string) (r *runner.Runner, log *bytes.Buffer, folder string) {
	t.Helper()
	folder = t.TempDir()
	env := map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(folder, "output"),
		"GITHUB_STEP_SUMMARY": filepath.Join(folder, "summary"),
	}
	for name, value := range more {
		env[name] = value
	}
	log = &bytes.Buffer{}
	return runner.New(func(name string) string { return env[name] }, log, log), log, folder
}

// readOutputs reads an output file as the runner does (FileCommandManager).
func readOutputs(t *testing.T, file string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	lines := strings.Split(string(data), "\n")
	for i := 0; i < len(lines); i++ {
		equals, heredoc := strings.Index(lines[i], "="), strings.Index(lines[i], "<<")
		switch {
		case lines[i] == "":
		case equals >= 0 && (heredoc < 0 || equals < heredoc):
			got[lines[i][:equals]] = lines[i][equals+1:]
		default:
			name, delimiter, _ := strings.Cut(lines[i], "<<")
			var value []string
			for i++; lines[i] != delimiter; i++ {
				value = append(value, lines[i])
			}
			got[name] = strings.Join(value, "\n")
		}
	}
	return got
}

func TestAnOutputCannotForgeAnother(t *testing.T) {
	r, _, folder := inActions(t, nil)
	want := map[string]string{
		"diff":   "a\nend\ndigest<<EOF\nsha256:forged\nEOF\n",
		"tag":    "x=y\nchanged=true",
		"digest": "sha256:real",
		"empty":  "",
		"lines":  "\n\n",
	}
	var outputs []runner.Output
	for name, value := range want {
		outputs = append(outputs, runner.Output{Name: name, Value: value})
	}
	if err := r.Outputs(outputs, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, readOutputs(t, filepath.Join(folder, "output"))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestOutputsOnATerminalAreLinesThatCanBeReadBack(t *testing.T) {
	outputs := []runner.Output{{"tag", "v0.0.1"}, {"images", "a\nb"}, {"quoted", `"x"`}, {"empty", ""}}
	var out bytes.Buffer
	r := runner.New(func(string) string { return "" }, &out, &bytes.Buffer{})
	if err := r.Outputs(outputs, false); err != nil {
		t.Fatal(err)
	}
	want := "tag=v0.0.1\nimages=\"a\\nb\"\nquoted=\"\\\"x\\\"\"\nempty=\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	out.Reset()
	if err := r.Outputs(outputs, true); err != nil {
		t.Fatal(err)
	}
	var object map[string]string
	if err := json.Unmarshal(out.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	for _, o := range outputs {
		if object[o.Name] != o.Value {
			t.Errorf("%s: got %q, want %q", o.Name, object[o.Name], o.Value)
		}
	}
}

func TestSecretsAreHiddenEverywhere(t *testing.T) {
	const secret = "s3cr3t-token"
	r, log, folder := inActions(t, nil)
	r.Mask(secret, "", " ")
	log.Reset() // the mask command itself names it: that is how the runner learns it
	w := r.Writer()
	_, _ = w.Write([]byte("one s3cr3t"))
	_, _ = w.Write([]byte("-token\nlast " + secret))
	_ = w.Close()
	r.Printf("line %s", secret)
	r.Fail(fault.Newf("E_X", "try "+secret, "it was %s", secret))
	if err := r.Summary("| " + secret + " |"); err != nil {
		t.Fatal(err)
	}
	summary, err := os.ReadFile(filepath.Join(folder, "summary"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"log": log.String(), "summary": string(summary)} {
		if strings.Contains(text, secret) || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestASecretIsMaskedOnce(t *testing.T) {
	r, log, _ := inActions(t, nil)
	r.Mask("s3cr3t-token", "another-s3cr3t")
	r.Mask("another-s3cr3t", "s3cr3t-token")
	if got := strings.Count(log.String(), "::add-mask::"); got != 2 {
		t.Errorf("%d masks: %s", got, log.String())
	}
}

func TestAShortLineOfASecretDoesNotDestroyTheText(t *testing.T) {
	r, log, _ := inActions(t, nil)
	r.Mask("-----BEGIN KEY-----\n}\ne\nc2VjcmV0\n-----END KEY-----\n")
	log.Reset()
	r.Printf("the end {of it}: c2VjcmV0")
	if got := log.String(); got != "the end {of it}: ***\n" {
		t.Errorf("got %q", got)
	}
}

func TestAProgramsOutputIsNoCommand(t *testing.T) {
	r, log, _ := inActions(t, nil)
	w := r.Writer()
	for _, chunk := range []string{"::set-", "output name=x::y\n  ::error::z\nplain ::x\n##[error]w\r\nx: 1 # ##[add-mask]main\n", "::add-mask::q"} {
		if _, err := w.Write([]byte(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r.Printf("%s", "declined\n  ::set-output name=x::forged\r::y")
	want := "| ::set-output name=x::y\n|   ::error::z\nplain ::x\n## [error]w\nx: 1 # ## [add-mask]main\n| ::add-mask::q\n" +
		"declined\n|   ::set-output name=x::forged ::y\n"
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAFaultIsAnAnnotation(t *testing.T) {
	r, log, _ := inActions(t, nil)
	r.Fail(fault.Newf("E_YAML", "mend it", "50%% of\nit").At("apps/a,b.yaml", 7))
	got := log.String()
	for _, part := range []string{"::error ", "title=E_YAML", "file=apps/a%2Cb.yaml", "line=7", "::apps/a,b.yaml:7: 50%25 of%0Ait\n", "hint: mend it\n"} {
		if !strings.Contains(got, part) {
			t.Errorf("no %q in %q", part, got)
		}
	}
}

func TestATooLongSummaryIsCutRatherThanLost(t *testing.T) {
	r, _, folder := inActions(t, nil)
	if err := r.Summary(strings.Repeat("日", 1<<20)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, "summary"))
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 1<<20 || !strings.HasSuffix(string(data), "at most 1 MiB\n") {
		t.Errorf("%d bytes, ends in %q", len(data), data[len(data)-40:])
	}
}

func TestThePayloadOfAnEvent(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken.json")
	if err := os.WriteFile(broken, []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		env        map[string]string
		name, file string
		code       string
	}{
		"none in a workflow": {env: map[string]string{"GITHUB_EVENT_NAME": "push"}, code: "E_EVENT_PAYLOAD"},
		"no such file":       {name: "push", file: filepath.Join(folder, "absent.json"), code: "E_EVENT_PAYLOAD"},
		"no JSON":            {name: "push", file: broken, code: "E_EVENT_PAYLOAD"},
		"a name alone":       {name: "push", code: "E_EVENT_PAYLOAD"},
		"a payload alone":    {file: broken, code: "E_EVENT_NAME"},
		"a folder":           {name: "push", file: folder, code: "E_EVENT_PAYLOAD"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := runner.New(func(n string) string { return c.env[n] }, &bytes.Buffer{}, &bytes.Buffer{})
			if _, err := r.Event(c.name, c.file); !fault.Is(err, c.code) {
				t.Errorf("got %v, want %s", err, c.code)
			}
		})
	}
	r := runner.New(func(string) string { return "" }, &bytes.Buffer{}, &bytes.Buffer{})
	if e, err := r.Event("", ""); err != nil || e.Name != runner.ByHand {
		t.Errorf("without an event: %+v, %v", e, err)
	}
}

func TestPayloadsThatLackWhatTheyAlwaysHave(t *testing.T) {
	for name, payload := range map[string]string{
		"pull_request": `{"action":"opened"}`,
		"push":         `{}`,
		"release":      `{"action":"published","release":{}}`,
		"merge_group":  `{}`,
	} {
		if _, err := runner.ParseEvent(name, []byte(payload)); !fault.Is(err, "E_EVENT_PAYLOAD") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParseEvent(f *testing.F) {
	files, err := filepath.Glob("../../testdata/events/*.*.json")
	if err != nil || len(files) == 0 {
		f.Fatalf("no payloads: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		e, err := runner.ParseEvent(name, data)
		if err == nil && e.PullRequest != nil && (e.PullRequest.Number <= 0 || e.PullRequest.HeadSHA == "") {
			t.Errorf("a pull request without number or head: %+v", e.PullRequest)
		}
	})
}

func TestNoAddressIsMadeOfAnother(t *testing.T) {
	cases := map[string]struct {
		env                  map[string]string
		server, api, graphQL string
	}{
		"by hand":    {nil, "https://github.com", "https://api.github.com", "https://api.github.com/graphql"},
		"github.com": {map[string]string{"GITHUB_SERVER_URL": "https://github.com/"}, "https://github.com", "https://api.github.com", "https://api.github.com/graphql"},
		"as the runner says": {map[string]string{
			"GITHUB_SERVER_URL": "https://ghe.acme.example", "GITHUB_API_URL": "https://ghe.acme.example/api/v3/", "GITHUB_GRAPHQL_URL": "https://ghe.acme.example/api/graphql",
		}, "https://ghe.acme.example", "https://ghe.acme.example/api/v3", "https://ghe.acme.example/api/graphql"},
		"a server whose API nobody names": {map[string]string{"GITHUB_SERVER_URL": "https://ghe.acme.example"}, "https://ghe.acme.example", "", ""},
		"an API alone": {map[string]string{
			"GITHUB_SERVER_URL": "https://acme.ghe.com", "GITHUB_API_URL": "https://api.acme.ghe.com",
		}, "https://acme.ghe.com", "https://api.acme.ghe.com", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r := runner.New(func(name string) string { return c.env[name] }, io.Discard, io.Discard)
			if r.ServerURL != c.server || r.APIURL != c.api || r.GraphQLURL != c.graphQL {
				t.Errorf("got %q, %q, %q", r.ServerURL, r.APIURL, r.GraphQLURL)
			}
		})
	}
}

// Steps do several things at once, and tell of them.
func TestManyMayMaskAndPrint(t *testing.T) {
	r, log, _ := inActions(t, nil)
	var group sync.WaitGroup
	for i := range 8 {
		secret := fmt.Sprintf("secret-number-%d", i)
		group.Go(func() {
			r.Mask(secret)
			r.Printf("it is %s.", secret)
		})
	}
	group.Wait()
	if got := strings.Count(log.String(), "it is ***.\n"); got != 8 {
		t.Errorf("%d of 8 lines are whole and hide the secret:\n%s", got, log)
	}
}
