package runner_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

func TestIDToken(t *testing.T) {
	cases := map[string]struct {
		answers []string // in turn; "" is trouble
		want    string   // the token, or a fault
	}{
		"at once":      {[]string{`{"count":9,"value":"jwt.of.the-job"}`}, "jwt.of.the-job"},
		"after all":    {[]string{"", "", `{"value":"jwt.of.the-job"}`}, "jwt.of.the-job"},
		"never":        {[]string{"", "", "", `{"value":"jwt.of.the-job"}`}, "E_ID_TOKEN"},
		"without one":  {[]string{`{}`, `{}`, `{}`}, "E_ID_TOKEN"},
		"not answered": {nil, "E_ID_TOKEN"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			left := c.answers
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.RequestURI() != "/token?api-version=2.0&audience=sts.amazonaws.com" || !strings.EqualFold(r.Header.Get("Authorization"), "bearer request-token") {
					t.Errorf("asked for %s", r.URL)
				}
				if len(left) == 0 || left[0] == "" {
					left = left[min(1, len(left)):]
					http.Error(w, "trouble", http.StatusBadGateway)
					return
				}
				fmt.Fprint(w, left[0])
				left = left[1:]
			}))
			defer server.Close()
			r, log, _ := inActions(t, map[string]string{
				"ACTIONS_ID_TOKEN_REQUEST_URL": server.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
			})
			got, err := r.IDToken(t.Context(), "sts.amazonaws.com")
			if err != nil {
				got = fault.Code(err)
			}
			if got != c.want {
				t.Fatalf("got %s, %v", got, err)
			}
			if masked := strings.Contains(log.String(), "::add-mask::jwt.of.the-job"); masked != (err == nil) {
				t.Errorf("log: %s", log)
			}
		})
	}
}

func TestIDTokenOfAJobThatMayHaveNone(t *testing.T) {
	r, _, _ := inActions(t, nil)
	_, err := r.IDToken(t.Context(), "x")
	if all := fault.All(err); len(all) != 1 || all[0].Code != "E_ID_TOKEN" || !strings.Contains(all[0].Hint, "id-token: write") {
		t.Errorf("got %v", err)
	}
}

func TestExport(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	r, _, _ := inActions(t, map[string]string{"GITHUB_ENV": file})
	want := map[string]string{"DOCKER_CONFIG": "/tmp/with blank\nX=forged"}
	if err := r.Export("DOCKER_CONFIG", want["DOCKER_CONFIG"]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, readOutputs(t, file)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
