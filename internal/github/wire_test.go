package github

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	gogithub "github.com/google/go-github/v62/github"
	"golang.org/x/oauth2"

	"github.com/google/go-cmp/cmp"
)

func TestAServerThatFallsSilentIsLeft(t *testing.T) {
	release := make(chan struct{})
	hangs := func(http.ResponseWriter, *http.Request) { <-release }
	stops := func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Length", "100")
		rw.WriteHeader(200)
		http.NewResponseController(rw).Flush()
		<-release
	}
	w := newWorld(t, hangs, stops, says(200, mainRef), hangs)
	defer close(release)
	o := w.options()
	o.Silence = 50 * time.Millisecond
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, get(t.Context(), c), Other, "")
	meets(t, create(t.Context(), c), Lost, "E_GITHUB_UNREACHABLE")
	if !strings.Contains(w.log.String(), "nothing came for 50ms") {
		t.Errorf("the log says\n%s", &w.log)
	}
}

// A host that swallows packets is given up while it is dialled, and the run is not
// taken for one that somebody cancelled.
func TestADialThatHangsIsUnreachable(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Silence = 5 * time.Millisecond
	o.Transport = sends(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, &net.OpError{Op: "dial", Err: r.Context().Err()}
	})
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	err = create(t.Context(), c)
	meets(t, err, Unreachable, "E_GITHUB_UNREACHABLE")
	if errors.Is(err, context.Canceled) || len(w.slept) != 3 {
		t.Errorf("slept %v; %v", w.slept, err)
	}
}

// A slow answer is none that fell silent.
func TestASlowAnswerIsReadToItsEnd(t *testing.T) {
	o := newWorld(t).options()
	o.Silence = 100 * time.Millisecond
	o.Transport = sends(func(r *http.Request) (*http.Response, error) {
		wait := pause{r.Context(), 70 * time.Millisecond}
		body := io.MultiReader(strings.NewReader(mainRef[:10]), wait, strings.NewReader(mainRef[10:40]), wait, strings.NewReader(mainRef[40:]), wait)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(body), Request: r}, nil
	})
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, create(t.Context(), c), Other, "")
}

type sends func(*http.Request) (*http.Response, error)

func (f sends) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// pause is a reader that takes its time to say nothing.
type pause struct {
	ctx context.Context
	d   time.Duration
}

func (p pause) Read([]byte) (int, error) {
	if err := sleep(p.ctx, p.d); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func TestRootsAreTrusted(t *testing.T) {
	server := httptest.NewTLSServer(says(200, mainRef))
	t.Cleanup(server.Close)
	o := newWorld(t).options()
	o.API, o.Roots = server.URL, server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, get(t.Context(), c), Other, "")
}

func TestAClientIsForSeveralGoroutines(t *testing.T) {
	var answers []http.HandlerFunc
	for i := range 30 {
		answers = append(answers, []http.HandlerFunc{says(429, "", "retry-after", "1"), says(502, ""), says(200, `{"data":{}}`)}[i%3])
	}
	w := newWorld(t, append(answers, slices.Repeat([]http.HandlerFunc{says(200, `{"data":{}}`)}, 20)...)...)
	c := w.client()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if i%2 == 0 {
				get(t.Context(), c)
			} else {
				query(t.Context(), c)
			}
		})
	}
	all.Wait()
	if sent, came := c.Stats().Requests, len(w.requests()); sent != came || came < 10 {
		t.Errorf("%d were counted, %d came", sent, came)
	}
}

func TestStatsCountEveryTry(t *testing.T) {
	w := newWorld(t, says(502, ""), says(200, mainRef), says(403, secondaryBody), says(201, mainRef), says(200, graphFine), says(200, graphFine), says(200, "[]"))
	c := w.client()
	for _, do := range []func(context.Context, *Client) error{get, create, query, mutate} {
		meets(t, do(t.Context(), c), Other, "")
	}
	if _, _, err := c.REST().PullRequests.List(t.Context(), "acme", "infra", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Stats{Requests: 7, Writes: 3}, c.Stats()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEveryRequestSaysWhoAsks(t *testing.T) {
	var headers []http.Header
	sees := func(then http.HandlerFunc) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			headers = append(headers, r.Header)
			then(rw, r)
		}
	}
	w := newWorld(t, sees(says(200, mainRef)), sees(says(200, graphFine)))
	c := w.client()
	meets(t, get(t.Context(), c), Other, "")
	meets(t, query(t.Context(), c), Other, "")
	for _, h := range headers {
		got := []string{h.Get("Authorization"), h.Get("User-Agent"), h.Get("X-GitHub-Api-Version")}
		if diff := cmp.Diff([]string{"Bearer " + secret, "tagboat", "2022-11-28"}, got); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

func TestNewRefusesWhatIsNoAddress(t *testing.T) {
	source := oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secret})
	for name, o := range map[string]Options{
		"no token":   {},
		"no host":    {API: "api.github.com", Token: source},
		"a scheme":   {API: "ftp://github.com", Token: source},
		"a password": {API: "https://x:" + secret + "@github.com", Token: source},
		"GraphQL":    {GraphQL: "https://github.com/graphql?token=" + secret, Token: source},
		"no URL":     {API: "https://github.com/%zz" + secret, Token: source},
	} {
		if c, err := New(o); KindOf(err) == Other || c != nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestAddressesMayEndInASlash(t *testing.T) {
	w := newWorld(t, says(200, mainRef))
	o := w.options()
	o.API += "/api/v3/"
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	meets(t, get(t.Context(), c), Other, "")
	if got := w.requests()[0]; got != "GET /api/v3/repos/acme/infra/git/ref/heads/main " {
		t.Errorf("asked %q", got)
	}
}

// What go-github keeps of a request, and callers may print, has no token.
func TestAnAnswerKeepsNoToken(t *testing.T) {
	c := newWorld(t, says(404, `{}`)).client()
	_, resp, err := c.REST().Git.GetRef(t.Context(), "acme", "infra", "heads/main")
	kept, ok := errors.AsType[*gogithub.ErrorResponse](err)
	if !ok {
		t.Fatal(err)
	}
	for _, r := range []*http.Request{resp.Request, kept.Response.Request} {
		if r.URL.Path != "/repos/acme/infra/git/ref/heads/main" || r.Header.Get("Authorization") != "" {
			t.Errorf("it keeps %v", r)
		}
	}
}
