package infra

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestIntentIsReadAsItWasWritten(t *testing.T) {
	for name, in := range map[string]Intent{
		"plain":      {Subject: "web: v1 → v2", Data: []byte(`{"a":1}`)},
		"tried":      {Subject: "s", Writes: 3, Data: []byte(`"text"`)},
		"no subject": {Data: []byte(`{"a":"\n\u003cb\u003e"}`)},
	} {
		message, err := in.message("feat/ä")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(in, parseIntent("feat/ä", message)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got := parseIntent("main", message); got.Data != nil {
			t.Errorf("%s: another branch's was read: %+v", name, got)
		}
	}
	if _, err := (Intent{Data: []byte("{")}).message("main"); err == nil {
		t.Error("what is not JSON was written")
	}
}

func TestWhatIsNoIntent(t *testing.T) {
	for name, message := range map[string]string{
		"empty":         "",
		"somebody's":    "Bump web\n\nTagboat-Image: web\n",
		"no data":       "s\n\n" + `{"branch":"main","writes":1}`,
		"null":          "s\n\n" + `{"branch":"main","writes":1,"data":null}`,
		"negative":      "s\n\n" + `{"branch":"main","writes":-1,"data":{}}`,
		"more fields":   "s\n\n" + `{"branch":"main","writes":1,"data":{},"x":1}`,
		"more values":   "s\n\n" + `{"branch":"main","writes":1,"data":{}} {}`,
		"another shape": "s\n\n[]",
		"cut":           "s\n\n" + `{"branch":"main","writes":1,"data":{`,
	} {
		if got := parseIntent("main", message); got.Data != nil || got.Writes != 0 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// Branches share no folder, even where one's name begins with another's.
func TestIntentFolders(t *testing.T) {
	seen := map[string]string{}
	for _, branch := range []string{"main", "main/x", "Main", "ä", "refs/heads/main"} {
		folder := intentFolder(branch)
		if other, ok := seen[folder]; ok || len(folder) != len(intentRefs)+13 || !strings.HasSuffix(folder, "/") {
			t.Errorf("%q has %s, as %q", branch, folder, other)
		}
		seen[folder] = branch
	}
}

func TestIntentIDsAreInTheOrderOfTime(t *testing.T) {
	var last string
	for _, at := range []time.Time{time.Time{}, time.Unix(1, 0), time.Unix(1_800_000_000, 0), time.Unix(1_800_000_000, 1_000_000), time.Unix(9_999_999_999, 0)} {
		id := newIntentID(at)
		if id <= last || id == newIntentID(at) {
			t.Errorf("%s after %s", id, last)
		}
		last = id
	}
}
