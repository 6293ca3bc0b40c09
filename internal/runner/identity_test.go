package runner_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// service gives OIDC tokens: its answers in turn, the last one for ever.
type service struct {
	answers []answer
	asked   []time.Time
	request *http.Request
}

// answer is a text with status 200, or a status, or an error of the network.
type answer struct {
	text   string
	status int
	err    error
}

func (s *service) RoundTrip(request *http.Request) (*http.Response, error) {
	a := s.answers[min(len(s.asked), len(s.answers)-1)]
	s.asked, s.request = append(s.asked, time.Now()), request
	if a.err != nil {
		return nil, a.err
	}
	if a.text == "hangs" {
		<-request.Context().Done()
		return nil, request.Context().Err()
	}
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.text)), Request: request}, nil
}

func TestIDToken(t *testing.T) {
	good := answer{text: `{"count":9,"value":"jwt.of.the-job"}`}
	busy := answer{status: http.StatusBadGateway, text: "<html>trouble"}
	tests := map[string]struct {
		answers []answer
		hint    string // "" is a token
		asked   int
		lasts   time.Duration
	}{
		"at once":                   {[]answer{good}, "", 1, 0},
		"after a moment of trouble": {[]answer{busy, {err: syscall.ECONNRESET}, good}, "", 3, 3 * time.Second},
		"too many":                  {[]answer{{status: http.StatusTooManyRequests}, good}, "", 2, time.Second},
		"after silence":             {[]answer{{text: "hangs"}, good}, "", 2, 16 * time.Second},
		"never":                     {[]answer{busy}, "run again: the service", 4, 7 * time.Second},
		"refused":                   {[]answer{{status: http.StatusForbidden}, good}, "ACTIONS_ID_TOKEN_REQUEST_URL", 1, 0},
		"without one":               {[]answer{{text: `{}`}, good}, "ACTIONS_ID_TOKEN_REQUEST_URL", 1, 0},
		"a page":                    {[]answer{{text: `<html>`}, good}, "ACTIONS_ID_TOKEN_REQUEST_URL", 1, 0},
		"not trusted":               {[]answer{{err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, good}, "`ca-file`", 1, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, log, _ := inActions(t, map[string]string{
					"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "request-token",
				})
				s, began := &service{answers: test.answers}, time.Now()
				got, err := r.IDToken(t.Context(), &http.Client{Transport: s}, "sts.amazonaws.com")
				if all := fault.All(err); test.hint == "" && (err != nil || got != "jwt.of.the-job") ||
					test.hint != "" && (len(all) != 1 || all[0].Code != "E_ID_TOKEN" || !strings.Contains(all[0].Hint, test.hint)) {
					t.Errorf("got %q, %+v", got, all)
				}
				if len(s.asked) != test.asked || time.Since(began) != test.lasts {
					t.Errorf("asked %d times within %v, want %d within %v", len(s.asked), time.Since(began), test.asked, test.lasts)
				}
				if at := s.request.URL.RequestURI(); at != "/token?api-version=2.0&audience=sts.amazonaws.com" || s.request.Header.Get("Authorization") != "Bearer request-token" {
					t.Errorf("asked for %s", at)
				}
				if told := strings.Count(log.String(), "trying again in"); told != test.asked-1 {
					t.Errorf("%d of %d further tries are told: %s", told, test.asked-1, log)
				}
				if masked := strings.Contains(log.String(), "::add-mask::jwt.of.the-job"); masked != (err == nil) {
					t.Errorf("log: %s", log)
				}
			})
		})
	}
}

// Whoever stops the run does not wait for the service.
func TestIDTokenEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := inActions(t, map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": "https://token.example/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"})
		enough := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second/2, enough)
		defer cancel()
		began := time.Now()
		if _, err := r.IDToken(ctx, &http.Client{Transport: &service{answers: []answer{{status: http.StatusBadGateway}}}}, "x"); !errors.Is(err, enough) || time.Since(began) != time.Second/2 {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestIDTokenOfAJobThatMayHaveNone(t *testing.T) {
	r, _, _ := inActions(t, nil)
	_, err := r.IDToken(t.Context(), http.DefaultClient, "x")
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
