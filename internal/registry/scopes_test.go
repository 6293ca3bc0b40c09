package registry_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// scoped is a registry as distribution is with a token service: it wants the right
// that an action needs, which to cancel an upload is that to delete. Its service is
// strict, and gives nothing to who asks for more than is allowed, or gives what it can.
type scoped struct {
	http.RoundTripper
	strict  bool
	allowed []string // repository:acme/web:pull
	life    int      // requests that a token lasts

	mu     sync.Mutex
	tokens map[string]*rights
	asked  []string
}

type rights struct {
	all  []string
	left int
}

func (r *rights) has(right string) bool {
	for _, one := range r.all {
		if one == right {
			return true
		}
	}
	return false
}

// mayPush is a service where one may push to these repositories, but not delete.
func mayPush(strict bool, life int, paths ...string) *scoped {
	s := &scoped{RoundTripper: remote.DefaultTransport, strict: strict, life: life, tokens: map[string]*rights{}}
	for _, path := range paths {
		s.allowed = append(s.allowed, "repository:"+path+":pull", "repository:"+path+":push")
	}
	return s
}

func (s *scoped) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme == "https" {
		return plainly{s.RoundTripper}.RoundTrip(request)
	}
	s.mu.Lock()
	s.asked = append(s.asked, request.Method+" "+request.URL.RequestURI())
	s.mu.Unlock()
	if request.URL.Path == "/token" {
		return s.give(request), nil
	}
	needs := needed(request)
	if !s.take(request, needs) {
		answer := declines(request, 401, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`)
		challenge := `Bearer realm="http://` + request.URL.Host + `/token",service="testkit"`
		if len(needs) > 0 {
			challenge += `,scope="` + strings.Join(needs, " ") + `"`
		}
		answer.Header.Set("Www-Authenticate", challenge)
		return answer, nil
	}
	inside := request.Clone(request.Context())
	inside.Header.Del("Authorization")
	return s.RoundTripper.RoundTrip(inside)
}

// needed are the rights that a request needs; none for the greeting.
func needed(request *http.Request) []string {
	path, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v2/"), "/blobs/")
	path, _, _ = strings.Cut(path, "/manifests/")
	switch right := "repository:" + path; {
	case path == "":
		return nil
	case request.Method == http.MethodDelete:
		return []string{right + ":delete"}
	case request.Method == http.MethodGet, request.Method == http.MethodHead:
		return []string{right + ":pull"}
	default:
		return []string{right + ":pull", right + ":push"}
	}
}

// take uses a token once.
func (s *scoped) take(request *http.Request, needs []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	given := s.tokens[strings.TrimPrefix(request.Header.Get("Authorization"), "Bearer ")]
	if given == nil || given.left == 0 {
		return false
	}
	given.left--
	for _, right := range needs {
		if !given.has(right) {
			return false
		}
	}
	return true
}

func (s *scoped) give(request *http.Request) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	may, given := &rights{all: s.allowed}, &rights{left: s.life}
	for _, scope := range strings.Fields(strings.Join(request.URL.Query()["scope"], " ")) {
		end := strings.LastIndex(scope, ":")
		for action := range strings.SplitSeq(scope[end+1:], ",") {
			if right := scope[:end+1] + action; may.has(right) {
				given.all = append(given.all, right)
			} else if s.strict {
				return stub(request, 403, `{"errors":[{"code":"DENIED","message":"requested access is denied"}]}`)
			}
		}
	}
	token := fmt.Sprint("token-", len(s.tokens))
	s.tokens[token] = given
	return stub(request, 200, `{"token":"`+token+`"}`)
}

// The question whether one may push asks for no right that the push does not need:
// neither then, nor when a token has ended during the build.
func TestThePreflightWantsNoMoreRights(t *testing.T) {
	for name, strict := range map[string]bool{"a strict token service": true, "one that gives what it can": false} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			service := mayPush(strict, 5, "acme/web")
			r := request(t, repository(t, reg.Host+"/acme/web"))
			client := newClient()
			client.Transport = service
			if err := client.MayPush(t.Context(), r.Repositories[0]); err != nil {
				t.Fatal(err)
			}
			if len(service.asked) != 4 { // two of the greeting
				t.Errorf("asked %q", service.asked)
			}
			if _, err := client.Push(t.Context(), r); err != nil {
				t.Error(err)
			}
			for _, line := range service.asked {
				if strings.Contains(line, "delete") {
					t.Errorf("asked %s", line)
				}
			}
		})
	}
}
