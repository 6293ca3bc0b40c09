package registry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// versions are v0.0.1 to v0.0.n.
func versions(n int) (tags []string) {
	for i := range n {
		tags = append(tags, fmt.Sprintf("v0.0.%d", i+1))
	}
	return tags
}

// body is what a registry answers of tags.
func body(t testing.TB, tags ...string) string {
	t.Helper()
	data, err := json.Marshal(map[string]any{"name": "acme/web", "tags": tags})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// told is an answer to one request for a page.
func told(body string, links ...string) testkit.RegistryFailure {
	return testkit.RegistryFailure{Path: "/tags/list", Times: 1, Status: 200, Body: body, Header: http.Header{"Link": links}}
}

// always is an answer to each request for a page after the first few.
func always(skip int, f testkit.RegistryFailure) testkit.RegistryFailure {
	f.Path, f.Skip, f.Times = "/tags/list", skip, 0
	return f
}

// once is the same, to a single request.
func once(skip int, f testkit.RegistryFailure) testkit.RegistryFailure {
	f = always(skip, f)
	f.Times = 1
	return f
}

func TestTags(t *testing.T) {
	pages := testkit.RegistryPages(100)
	linkless := testkit.RegistryLinkless()
	next := func(query string) string { return "</v2/acme/web/tags/list?" + query + `>; rel="next"` }
	for name, test := range map[string]struct {
		options  []testkit.RegistryOption
		holds    int // versions
		answers  []testkit.RegistryFailure
		want     []string // nil: the versions
		requests int      // for pages
	}{
		"no repository":                {want: []string{}, requests: 1},
		"no repository, at ECR":        {options: []testkit.RegistryOption{testkit.RegistryLacks("acme/")}, want: []string{}, requests: 1},
		"no repository, at Harbor":     {answers: []testkit.RegistryFailure{{Path: "/tags/list", Status: 404, Code: "NOT_FOUND", Message: "repository acme/web not found"}}, want: []string{}, requests: 1},
		"one page":                     {holds: 12, requests: 1},
		"many pages":                   {options: []testkit.RegistryOption{pages}, holds: 1234, requests: 13},
		"the last page is full":        {options: []testkit.RegistryOption{pages}, holds: 300, requests: 3},
		"no Link, exactly a page":      {options: []testkit.RegistryOption{linkless}, holds: 1000, requests: 2},
		"no Link, one more":            {options: []testkit.RegistryOption{linkless}, holds: 1001, requests: 2},
		"no Link, two pages and more":  {options: []testkit.RegistryOption{linkless}, holds: 2500, requests: 3},
		"no Link, and last is ignored": {holds: 1000, answers: []testkit.RegistryFailure{told(body(t, versions(1000)...)), told(body(t, versions(1000)...))}, requests: 2},
		"all at once, unasked":         {holds: 1500, answers: []testkit.RegistryFailure{told(body(t, versions(1500)...))}, requests: 1},
		"null":                         {answers: []testkit.RegistryFailure{told(`{"name":"acme/web","tags":null}`)}, want: []string{}, requests: 1},
		"none":                         {answers: []testkit.RegistryFailure{told(`{"name":"acme/web","tags":[]}`)}, want: []string{}, requests: 1},
		"no order, names that are no tags": {
			answers: []testkit.RegistryFailure{told(body(t, "v0.0.9", "", "-x", "v0.0.10", "a/b", strings.Repeat("a", 129), "sha256:1", "v0.0.9"))},
			want:    []string{"v0.0.10", "v0.0.9"}, requests: 1,
		},
		"a page without tags in between": {
			answers: []testkit.RegistryFailure{told(body(t, "a"), next("p=2")), told(body(t), next("p=3")), told(body(t, "b"))},
			want:    []string{"a", "b"}, requests: 3,
		},
		"many pages without tags in between": {
			answers: slices.Concat(emptyPages(t, "p", 60), []testkit.RegistryFailure{told(body(t, "a"), next("q"))}, emptyPages(t, "r", 60), []testkit.RegistryFailure{told(body(t, "b"))}),
			want:    []string{"a", "b"}, requests: 122,
		},
		"pages that overlap": {
			answers: []testkit.RegistryFailure{told(body(t, "a", "b"), next("p=2")), told(body(t, "b", "c"))},
			want:    []string{"a", "b", "c"}, requests: 2,
		},
		"next among other Links": {
			answers: []testkit.RegistryFailure{
				told(body(t, "a"), `</>; rel="first", </v2/acme/web/tags/list?n=1,2>; title="a, b; rel=next"; rel=prev`, `</v2/acme/web/tags/list?p=2>; REL="last Next"`),
				told(body(t, "b"), `</>; rel="first"`)},
			want: []string{"a", "b"}, requests: 2,
		},
		"a Link without a relation": {
			answers: []testkit.RegistryFailure{told(body(t, "a"), `</v2/acme/web/tags/list?p=2>`), told(body(t, "b"))},
			want:    []string{"a", "b"}, requests: 2,
		},
		"a Link relative to the page": {
			answers: []testkit.RegistryFailure{told(body(t, "a"), `<?p=2>; rel=next`), told(body(t, "b"))},
			want:    []string{"a", "b"}, requests: 2,
		},
		"too many requests, once":   {options: []testkit.RegistryOption{pages}, holds: 500, answers: []testkit.RegistryFailure{once(2, testkit.RegistryFailure{Status: 429})}, requests: 6},
		"unavailable, once":         {options: []testkit.RegistryOption{pages}, holds: 500, answers: []testkit.RegistryFailure{once(1, testkit.RegistryFailure{Status: 503})}, requests: 6},
		"connection closed, once":   {options: []testkit.RegistryOption{pages}, holds: 500, answers: []testkit.RegistryFailure{once(1, testkit.RegistryFailure{Reset: true})}, requests: 6},
		"half a page, once":         {options: []testkit.RegistryOption{pages}, holds: 500, answers: []testkit.RegistryFailure{once(1, testkit.RegistryFailure{Cut: true})}, requests: 6},
		"half a page in full, once": {options: []testkit.RegistryOption{pages}, holds: 500, answers: []testkit.RegistryFailure{once(1, testkit.RegistryFailure{Status: 200, Body: `{"tags":["v0.0.1","v0.`})}, requests: 6},
		"tokens end":                {options: []testkit.RegistryOption{pages, testkit.RegistryTokens(2)}, holds: 500, requests: 7},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, test.options...)
			reg.Fill("acme/web", randomImage(t, 10, 1), versions(test.holds)...)
			for _, f := range test.answers {
				reg.Fail(f)
			}
			got, err := newClient().Tags(t.Context(), repository(t, reg.Host+"/acme/web"))
			if err != nil {
				t.Fatal(err)
			}
			if test.want == nil {
				test.want = slices.Sorted(slices.Values(versions(test.holds)))
			}
			texts := []string{}
			for _, tag := range got {
				texts = append(texts, string(tag))
			}
			if diff := cmp.Diff(test.want, texts); diff != "" {
				t.Error(diff)
			}
			if n := reg.Count("GET", "/tags/list"); n != test.requests {
				t.Errorf("%d requests for pages, want %d", n, test.requests)
			}
		})
	}
}

// A proxy ends TLS, and the registry behind it does not know that. The rest of
// its Link is followed as it is.
func TestLinkNamesAnotherScheme(t *testing.T) {
	var asked []string
	client := newClient()
	client.Transport = distant(func(request *http.Request) (int, http.Header, string) {
		asked = append(asked, request.URL.String())
		if strings.Contains(request.URL.RawQuery, "last=") {
			return 200, nil, body(t, "b")
		}
		return 200, http.Header{"Link": {`<http://Registry.example.com:80/v2/acme%2Fweb/tags/list?n=2&last=%7Ea+b%2f&A>; rel="next"`}}, body(t, "a")
	})
	got, err := client.Tags(t.Context(), repository(t, "registry.example.com/acme/web"))
	if diff := cmp.Diff([]ref.Tag{"a", "b"}, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	want := []string{
		"https://registry.example.com/v2/",
		"https://registry.example.com/v2/acme/web/tags/list?n=1000",
		"https://registry.example.com/v2/acme%2Fweb/tags/list?n=2&last=%7Ea+b%2f&A",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

func TestListThatIsNotWhole(t *testing.T) {
	next := func(query string) string { return "</v2/acme/web/tags/list?" + query + `>; rel="next"` }
	answers := func(body string, links ...string) testkit.RegistryFailure { return always(0, told(body, links...)) }
	denied := testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "denied"}
	for name, test := range map[string]struct {
		answers []testkit.RegistryFailure
		code    string
		told    string
		hint    string
		hidden  bool
	}{
		"half a page":              {answers: []testkit.RegistryFailure{always(1, testkit.RegistryFailure{Cut: true})}, code: "E_REGISTRY_LIST", told: "page 2, after 100 tags: it breaks off after "},
		"half a page in full":      {answers: []testkit.RegistryFailure{answers(`{"tags":["v0.0.1","v0.`)}, code: "E_REGISTRY_LIST", told: "22 bytes that are no list: unexpected end of JSON input"},
		"nothing":                  {answers: []testkit.RegistryFailure{answers(" ")}, code: "E_REGISTRY_LIST", told: "no list"},
		"more behind the list":     {answers: []testkit.RegistryFailure{answers(`{"tags":["a"]}{"tags":["b"]}`)}, code: "E_REGISTRY_LIST", told: "no list"},
		"a page for people":        {answers: []testkit.RegistryFailure{answers("<html>please log in</html>")}, code: "E_REGISTRY_LIST", told: "no list: invalid character '<'"},
		"an answer without tags":   {answers: []testkit.RegistryFailure{answers(`{"errors":[]}`)}, code: "E_REGISTRY_LIST", told: "without `tags`"},
		"tags that are no list":    {answers: []testkit.RegistryFailure{answers(`{"tags":{"a":1}}`)}, code: "E_REGISTRY_LIST", told: "`tags` is no list"},
		"a Link to itself":         {answers: []testkit.RegistryFailure{answers(body(t, "a"), next("n=1000"))}, code: "E_REGISTRY_LIST", told: "it leads back to http://127.0.0.1:"},
		"an empty Link":            {answers: []testkit.RegistryFailure{answers(body(t, "a"), `<>; rel="next"`)}, code: "E_REGISTRY_LIST", told: "it leads back to"},
		"a circle of two":          {answers: []testkit.RegistryFailure{told(body(t, "a"), next("p=2")), told(body(t, "b"), next("n=1000"))}, code: "E_REGISTRY_LIST", told: "page 3, after 2 tags: it leads back to"},
		"a page again":             {answers: []testkit.RegistryFailure{told(body(t, "a", "b"), next("p=2")), told(body(t, "b", "a"), next("p=3"))}, code: "E_REGISTRY_LIST", told: "page 2, after 2 tags: it repeats 2 tags"},
		"a page again, at the end": {answers: []testkit.RegistryFailure{told(body(t, "a", "b"), next("p=2")), told(body(t, "a", "b"))}, code: "E_REGISTRY_LIST", told: "it repeats 2 tags"},
		"no end of empty pages":    {answers: emptyPages(t, "p", 101), code: "E_REGISTRY_LIST", told: "100 pages in a row have no tag"},
		"a Link to another host":   {answers: []testkit.RegistryFailure{answers(body(t, "a"), `<http://127.0.0.1:1/v2/acme/web/tags/list?p=2>; rel="next"`)}, code: "E_REGISTRY_LIST", told: `another host, "127.0.0.1:1"`},
		"a Link of nothing":        {answers: []testkit.RegistryFailure{answers(body(t, "a"), `/v2/acme/web/tags/list?p=2`)}, code: "E_REGISTRY_LIST", told: "is not readable"},
		"a Link that is cut":       {answers: []testkit.RegistryFailure{answers(body(t, "a"), `</v2/acme/web/tags/list?p=2`)}, code: "E_REGISTRY_LIST", told: "is not readable"},
		"a Link that is no URL":    {answers: []testkit.RegistryFailure{answers(body(t, "a"), `<http://%zz/>; rel="next"`)}, code: "E_REGISTRY_LIST", told: "no address"},
		"two next pages":           {answers: []testkit.RegistryFailure{answers(body(t, "a"), next("p=2"), next("p=3"))}, code: "E_REGISTRY_LIST", told: "two next pages"},
		"no such address":          {answers: []testkit.RegistryFailure{always(0, testkit.RegistryFailure{Status: 404, Body: "404 page not found"})}, code: "E_REGISTRY_LIST", told: "404 Not Found", hint: "proxy"},
		"gone on the way":          {answers: []testkit.RegistryFailure{always(1, testkit.RegistryFailure{Status: 404, Code: "NAME_UNKNOWN"})}, code: "E_REGISTRY_LIST", told: "page 2, after 100 tags: GET"},
		"too many requests":        {answers: []testkit.RegistryFailure{always(2, testkit.RegistryFailure{Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down"})}, code: "E_REGISTRY_LIMIT", told: "page 3, after 200 tags: GET"},
		"in trouble":               {answers: []testkit.RegistryFailure{always(1, testkit.RegistryFailure{Status: 502})}, code: "E_REGISTRY", told: "502 Bad Gateway", hint: "run again later"},
		"connection closed":        {answers: []testkit.RegistryFailure{always(1, testkit.RegistryFailure{Reset: true})}, code: "E_REGISTRY_UNREACHABLE", told: "page 2, after 100 tags"},
		"logged out on the way":    {answers: []testkit.RegistryFailure{always(1, testkit.RegistryFailure{Status: 401, Code: "UNAUTHORIZED", Message: "log in"})}, code: "E_REGISTRY_AUTH", told: "UNAUTHORIZED: log in"},
		"denied":                   {answers: []testkit.RegistryFailure{always(0, denied)}, code: "E_PULL_DENIED", told: "DENIED: denied", hint: "does not exist yet", hidden: true},
		"denied on the way":        {answers: []testkit.RegistryFailure{always(1, denied)}, code: "E_PULL_DENIED", told: "page 2, after 100 tags", hint: "let this login read"},
		"expired ECR token":        {answers: []testkit.RegistryFailure{always(0, testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "Your authorization token has expired. Reauthenticate and try again."})}, code: "E_PULL_DENIED", told: "has expired", hint: "log in to ECR again"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryPages(100))
			reg.Fill("acme/web", randomImage(t, 10, 1), versions(300)...)
			for _, f := range test.answers {
				reg.Fail(f)
			}
			got, err := newClient().Tags(t.Context(), repository(t, reg.Host+"/acme/web"))
			if got != nil {
				t.Errorf("%d tags came with the error", len(got))
			}
			check(t, err, test.code, reg.Host+"/acme/web: list of tags, page ", test.hint)
			if !strings.Contains(err.Error(), test.told) {
				t.Errorf("error %q lacks %q", err, test.told)
			}
			if errors.Is(err, registry.ErrHidden) != test.hidden {
				t.Errorf("%v may mean that there is no repository: %t", err, !test.hidden)
			}
		})
	}
}

func emptyPages(t *testing.T, address string, n int) (answers []testkit.RegistryFailure) {
	for i := range n {
		answers = append(answers, told(body(t), fmt.Sprintf("<?%s=%d>; rel=next", address, i)))
	}
	return answers
}

func TestTagsOfAHiddenRepository(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryHidesNew())
	_, err := newClient().Tags(t.Context(), repository(t, reg.Host+"/acme/web"))
	if !fault.Is(err, "E_PULL_DENIED") || !errors.Is(err, registry.ErrHidden) {
		t.Errorf("got %v", err)
	}
}

// distant answers for a registry that tests cannot reach.
type distant func(*http.Request) (status int, header http.Header, body string)

func (e distant) RoundTrip(request *http.Request) (*http.Response, error) {
	status, header, text := e(request)
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(strings.NewReader(text)), ContentLength: int64(len(text)), Request: request,
	}, nil
}

// Docker Hub gives everybody a token, and says 401 of what that is not good for.
func TestDockerHubHides(t *testing.T) {
	hub := distant(func(request *http.Request) (int, http.Header, string) {
		if request.URL.Path == "/token" {
			return 200, nil, `{"token":"t"}`
		}
		challenge := http.Header{"Www-Authenticate": {`Bearer realm="https://auth.docker.io/token",service="registry.docker.io"`}}
		return 401, challenge, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`
	})
	for name, test := range map[string]struct {
		client *registry.Client
		code   string
		hidden bool
	}{
		"logged in": {&registry.Client{Retry: atOnce, Transport: hub, Keychain: onePassword("secret")}, "E_PULL_DENIED", true},
		"anonymous": {&registry.Client{Retry: atOnce, Transport: hub, Keychain: noCredentials{}}, "E_REGISTRY_AUTH", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.client.Tags(t.Context(), repository(t, "acme/web"))
			if !fault.Is(err, test.code) || errors.Is(err, registry.ErrHidden) != test.hidden {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRightsAtECR(t *testing.T) {
	client := newClient()
	client.Transport = distant(func(request *http.Request) (int, http.Header, string) {
		if strings.HasSuffix(request.URL.Path, "/v2/") {
			return 200, nil, ""
		}
		return 403, nil, `{"errors":[{"code":"DENIED","message":"User: arn:aws:iam::1:role/ci is not authorized to perform: ecr:ListImages on resource: x"}]}`
	})
	_, err := client.Tags(t.Context(), repository(t, "111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/web"))
	check(t, err, "E_PULL_DENIED", "not authorized to perform: ecr:ListImages", "allow ecr:ListImages on the repository")
	if errors.Is(err, registry.ErrHidden) {
		t.Error("ECR says what it means")
	}
}

func TestCancelledList(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryPages(100))
	reg.Fill("acme/web", randomImage(t, 10, 1), versions(900)...)
	ctx, cancel := context.WithCancel(t.Context())
	client := newClient()
	client.Transport = after{http: remote.DefaultTransport, method: "GET", part: "/tags/list", then: nth(3, cancel)}
	got, err := client.Tags(ctx, repository(t, reg.Host+"/acme/web"))
	if got != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got %d tags and %v", len(got), err)
	}
	if n := reg.Count("GET", "/tags/list"); n != 3 {
		t.Errorf("%d pages were asked for", n)
	}
}

func TestProgressOfAList(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryPages(100))
	reg.Fill("acme/web", randomImage(t, 10, 1), versions(350)...)
	var log strings.Builder
	var now time.Time
	client := newClient()
	client.Log, client.Now = &log, func() time.Time { return now }
	client.Transport = after{http: remote.DefaultTransport, method: "GET", part: "/tags/list", then: func() { now = now.Add(6 * time.Second) }}
	if _, err := client.Tags(t.Context(), repository(t, reg.Host+"/acme/web")); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%[1]s/acme/web: 200 tags read\n%[1]s/acme/web: 350 tags read\n", reg.Host)
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Error(diff)
	}
}
