package version

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/git"
)

var (
	idOne = strings.Repeat("1", 40)
	idTwo = strings.Repeat("2", 40)
)

func TestReadRefs(t *testing.T) {
	for name, test := range map[string]struct {
		answer string
		want   map[string]listed
		err    error
	}{
		"none":           {answer: "0000", want: map[string]listed{}},
		"one":            {answer: pktString(idOne+" refs/tags/v1\n") + "0000", want: map[string]listed{"refs/tags/v1": {id: idOne}}},
		"an annotated":   {answer: pktString(idOne+" refs/tags/v1 peeled:"+idTwo+"\n") + "0000", want: map[string]listed{"refs/tags/v1": {id: idOne, peeled: idTwo}}},
		"unknown words":  {answer: pktString(idOne+" refs/tags/v1 symref-target:refs/tags/v2 new:x") + "0000", want: map[string]listed{"refs/tags/v1": {id: idOne}}},
		"others as well": {answer: pktString(idOne+" HEAD\n") + pktString(idOne+" refs/heads/main\n") + "0000", want: map[string]listed{}},
		"no end":         {answer: pktString(idOne + " refs/tags/v1\n"), err: io.ErrUnexpectedEOF},
		"cut off":        {answer: pktString(idOne + " refs/tags/v1\n")[:20], err: errPkt},
		"an error":       {answer: pktString("ERR access denied\n") + "0000", err: errPkt},
		"a section":      {answer: "0001" + "0000", err: errPkt},
		"no length":      {answer: "zzzz", err: errPkt},
		"length of 3":    {answer: "0003", err: errPkt},
		"no ref":         {answer: pktString("hello\n") + "0000", err: errPkt},
		"of version 0":   {answer: pktString("# service=git-upload-pack\n") + "0000", err: errPkt},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readRefs(strings.NewReader(test.answer), []string{"refs/tags/"})
			if !errors.Is(err, test.err) {
				t.Errorf("got %v; want %v", err, test.err)
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(listed{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAskForRefs(t *testing.T) {
	const token = "ghs_secret"
	var asked *http.Request
	var body []byte
	answer := func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", uploadResult)
		io.WriteString(w, pktString(idOne+" refs/tags/v0.0.1\n")+"0000")
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		body, _ = io.ReadAll(r.Body)
		answer(w)
	}))
	t.Cleanup(server.Close)
	l := newLister(git.Remote{URL: server.URL + "/acme/web.git", Token: token}, nil)
	refs, err := l.list(t.Context(), "refs/tags/v0.0.", "refs/x/")
	if err != nil || refs["refs/tags/v0.0.1"].commit() != idOne {
		t.Errorf("got %v, %v", refs, err)
	}
	want := "0014command=ls-refs\n00010009peel\n001fref-prefix refs/tags/v0.0.\n0017ref-prefix refs/x/\n0000"
	if string(body) != want {
		t.Errorf("got %q; want %q", body, want)
	}
	user, password, _ := asked.BasicAuth()
	got := []string{asked.Method, asked.URL.Path, asked.Header.Get("Git-Protocol"), asked.Header.Get("Content-Type"), user, password}
	if diff := cmp.Diff([]string{"POST", "/acme/web.git/git-upload-pack", "version=2", uploadRequest, "x-access-token", token}, got); diff != "" {
		t.Error(diff)
	}
	for name, refuse := range map[string]func(http.ResponseWriter){
		"elsewhere": func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://example.org/")
			w.WriteHeader(http.StatusMovedPermanently)
		},
		"not allowed": func(w http.ResponseWriter) { http.Error(w, "no", http.StatusUnauthorized) },
		"page":        func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); io.WriteString(w, "<html>") },
		"another answer": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", uploadResult)
			io.WriteString(w, "0008NAK\n0000")
		},
	} {
		t.Run(name, func(t *testing.T) {
			answer = refuse
			refs, err := l.list(t.Context(), "refs/tags/")
			if err == nil || refs != nil || strings.Contains(err.Error(), token) {
				t.Errorf("got %v, %v", refs, err)
			}
		})
	}
}

func FuzzReadRefs(f *testing.F) {
	f.Add(pktString(idOne+" refs/tags/v1 peeled:"+idTwo+"\n") + "0000")
	f.Add(pktString("ERR no\n") + "00010002")
	f.Fuzz(func(t *testing.T, answer string) {
		refs, err := readRefs(strings.NewReader(answer), []string{"refs/"})
		if err != nil {
			if refs != nil {
				t.Errorf("%v, and %v", err, refs)
			}
			return
		}
		// What was read can be written, and says the same.
		var again strings.Builder
		for _, name := range slices.Sorted(maps.Keys(refs)) {
			line := refs[name].id + " " + name
			if refs[name].peeled != "" {
				line += " peeled:" + refs[name].peeled
			}
			again.WriteString(pktString(line + "\n"))
		}
		same, err := readRefs(strings.NewReader(again.String()+"0000"), []string{"refs/"})
		if diff := cmp.Diff(refs, same, cmp.AllowUnexported(listed{})); diff != "" || err != nil {
			t.Errorf("%v %s", err, diff)
		}
	})
}
