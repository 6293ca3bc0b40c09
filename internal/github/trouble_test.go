package github

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/google/go-cmp/cmp"
)

const wrongGraph = `{"data":{"x":null},"errors":[{"message":"Something went wrong while executing your query. This may be the result of a timeout, or it could be a GitHub bug."}]}`

// troubles are those of GitHub and of the line to it: reads come through, writes are
// lost.
func TestTrouble(t *testing.T) {
	rest := []func(context.Context, *Client) error{get, create}
	graph := []func(context.Context, *Client) error{query, mutate}
	cases := map[string]struct {
		answer http.HandlerFunc
		calls  []func(context.Context, *Client) error // a read and a write
	}{
		"500":                     {says(500, `{"message":"Server Error"}`), rest},
		"502, a page":             {says(502, `<html>Unicorn!</html>`, "Content-Type", "text/html"), rest},
		"503":                     {says(503, ``), rest},
		"504":                     {says(504, ``), rest},
		"no answer":               {hangsUp, rest},
		"half an answer":          {breaksOff(200), rest},
		"a page of a proxy":       {says(200, `<html>log in</html>`, "Content-Type", "text/html"), rest},
		"GraphQL, 502":            {says(502, `{"message":"We couldn't respond to your request in time. Sorry about that."}`), graph},
		"GraphQL, no answer":      {hangsUp, graph},
		"GraphQL, half":           {breaksOff(200), graph},
		"GraphQL, something":      {says(200, wrongGraph), graph},
		"GraphQL, a page":         {says(200, `<html>log in</html>`), graph},
		"GraphQL, nothing at all": {says(200, `{}`), graph},
	}
	for name, c := range cases {
		t.Run(name+", a read", func(t *testing.T) {
			w := newWorld(t, c.answer, c.answer, c.answer, says(200, `{"data":{}}`))
			meets(t, c.calls[0](t.Context(), w.client()), Other, "")
			if lines := strings.Count(w.log.String(), "trying again in"); len(w.slept) != 3 || lines != 3 {
				t.Errorf("slept %v; the log says\n%s", w.slept, &w.log)
			}
			for i, d := range w.slept {
				if most := time.Second << i; d < most/2 || d > most {
					t.Errorf("pause %d is %v", i, d)
				}
			}
		})
		t.Run(name+", a read to the end", func(t *testing.T) {
			w := newWorld(t, c.answer, c.answer, c.answer, c.answer)
			meets(t, c.calls[0](t.Context(), w.client()), Unreachable, "E_GITHUB_UNREACHABLE")
		})
		t.Run(name+", a write", func(t *testing.T) {
			w := newWorld(t, c.answer)
			meets(t, c.calls[1](t.Context(), w.client()), Lost, "E_GITHUB_UNREACHABLE")
			if len(w.requests()) != 1 || len(w.slept) > 0 {
				t.Errorf("asked %q, slept %v", w.requests(), w.slept)
			}
		})
	}
}

func TestWhatWasCertainlyNotSentIsNotLost(t *testing.T) {
	closed := httptest.NewServer(nil)
	closed.Close()
	strange := httptest.NewUnstartedServer(nil)
	strange.Config.ErrorLog = log.New(io.Discard, "", 0) // it is told about bad certificates
	strange.StartTLS()
	t.Cleanup(strange.Close)
	dns := sends(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "api.github.com"}}
	})
	cases := map[string]struct {
		api       string
		transport http.RoundTripper
		pauses    int
		hint      string
	}{
		"nobody listens":     {closed.URL, nil, 3, hintNetwork},
		"no such host":       {closed.URL, dns, 3, hintNetwork},
		"a foreign CA":       {strange.URL, nil, 0, hintTLS},
		"no TLS where it is": {strings.Replace(newWorld(t).URL, "http:", "https:", 1), nil, 0, hintNetwork},
	}
	for name, c := range cases {
		for call, do := range map[string]func(context.Context, *Client) error{"get": get, "create": create, "mutate": mutate} {
			t.Run(name+" "+call, func(t *testing.T) {
				w := newWorld(t)
				o := w.options()
				o.API, o.GraphQL, o.Transport = c.api, c.api+"/graphql", c.transport
				client, err := New(o)
				if err != nil {
					t.Fatal(err)
				}
				err = do(t.Context(), client)
				meets(t, err, Unreachable, "E_GITHUB_UNREACHABLE")
				if hint := hintOf(err); hint != c.hint || len(w.slept) != c.pauses {
					t.Errorf("slept %v; the hint is %q", w.slept, hint)
				}
			})
		}
	}
}

func TestAContextThatEndedIsStillSeen(t *testing.T) {
	for name, c := range map[string]struct {
		call func(context.Context, *Client) error
		kind Kind
	}{"query": {query, Unreachable}, "mutate": {mutate, Lost}, "create": {create, Lost}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
				cancel()
				<-r.Context().Done()
			})
			err := c.call(ctx, w.client())
			meets(t, err, c.kind, "E_GITHUB_UNREACHABLE")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%v is not seen to be cancelled", err)
			}
		})
	}
}

// told calls a function at every line of the log.
type told func()

func (f told) Write(b []byte) (int, error) {
	f()
	return len(b), nil
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	w := newWorld(t, says(429, "", "retry-after", "60"))
	ctx, cancel := context.WithCancel(t.Context())
	o := w.options()
	o.Sleep, o.Log = nil, told(cancel)
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	err = mutate(ctx, c)
	meets(t, err, Unreachable, "E_GITHUB_UNREACHABLE") // refused, and not sent again
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not seen to be cancelled", err)
	}
}

// A pause that the run has no time for is not begun.
func TestTroubleWithoutTimeIsToldAtOnce(t *testing.T) {
	w := newWorld(t, says(502, ""))
	ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
	defer cancel()
	meets(t, get(ctx, w.client()), Unreachable, "E_GITHUB_UNREACHABLE")
	if len(w.slept) > 0 {
		t.Errorf("slept %v", w.slept)
	}
}

func TestABodyOfAnyKindIsSentAgain(t *testing.T) {
	w := newWorld(t, says(403, secondaryBody), says(307, "", "Location", "/repositories/7/git/refs"), says(201, mainRef))
	c := w.client()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.URL+"/repos/acme/infra/git/refs", io.LimitReader(bytes.NewReader([]byte("body")), 4))
	if err != nil || req.GetBody != nil {
		t.Fatal("this body could be had again", err)
	}
	if _, err := c.REST().Do(t.Context(), req, nil); err != nil {
		t.Fatal(err)
	}
	want := []string{"POST /repos/acme/infra/git/refs body", "POST /repos/acme/infra/git/refs body", "POST /repositories/7/git/refs body"}
	if diff := cmp.Diff(want, w.requests()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestASourceWithoutATokenSendsNothing(t *testing.T) {
	for name, source := range map[string]oauth2.TokenSource{
		"no token":    oauth2.StaticTokenSource(&oauth2.Token{}),
		"an error":    broke{},
		"a nil token": oauth2.StaticTokenSource(nil),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			o := w.options()
			o.Token = source
			c, err := New(o)
			if err != nil {
				t.Fatal(err)
			}
			meets(t, get(t.Context(), c), Unauthorized, "E_GITHUB_AUTH")
			meets(t, mutate(t.Context(), c), Unauthorized, "E_GITHUB_AUTH")
		})
	}
}

type broke struct{}

func (broke) Token() (*oauth2.Token, error) { return nil, errors.New("no money") }
