package build

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/registry"
)

// answering is a network whose hosts answer as a function says, and that notes what
// they are asked.
type answering struct {
	answer func(*http.Request) (*http.Response, error)
	mu     sync.Mutex
	asked  []string
}

func (a *answering) RoundTrip(request *http.Request) (*http.Response, error) {
	a.mu.Lock()
	a.asked = append(a.asked, request.Method+" "+request.URL.String())
	a.mu.Unlock()
	response, err := a.answer(request)
	if response != nil {
		response.Request = request
	}
	return response, err
}

func says(status int, text string, header ...string) (*http.Response, error) {
	response := &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}
	for i := 0; i < len(header); i += 2 {
		response.Header.Set(header[i], header[i+1])
	}
	return response, nil
}

func silent(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return nil, request.Context().Err()
}

func busy() (*http.Response, error) {
	return says(http.StatusTooManyRequests, "", "Retry-After", "60")
}

func page() (*http.Response, error) { return says(200, "<html>", "Content-Type", "text/html") }

// A registry that may answer better later is not waited for before the build, nor
// asked twice for one image; where http is tried, too, https counts for more.
func TestBasesAreCheckedAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		host   string
		answer func(*http.Request) (*http.Response, error)
		asked  []string
		took   time.Duration
		code   string
	}{
		"busy at the greeting": {
			"registry.example", func(*http.Request) (*http.Response, error) { return busy() },
			[]string{"GET https://registry.example/v2/"}, 0, "",
		},
		"busy at the image": {
			"registry.example", func(request *http.Request) (*http.Response, error) {
				if request.URL.Path == "/v2/" {
					return says(200, "")
				}
				return busy()
			}, []string{"GET https://registry.example/v2/", "HEAD https://registry.example/v2/base/manifests/1"}, 0, "",
		},
		"silent": {"registry.example", silent, []string{"GET https://registry.example/v2/"}, 9 * time.Second, ""},
		"silent with https": {
			"127.0.0.1:5000", func(request *http.Request) (*http.Response, error) {
				if request.URL.Scheme == "https" {
					return silent(request)
				}
				return page()
			}, []string{"GET https://127.0.0.1:5000/v2/", "GET http://127.0.0.1:5000/v2/"}, 9 * time.Second, "",
		},
		"busy with https": {
			"127.0.0.1:5000", func(request *http.Request) (*http.Response, error) {
				if request.URL.Scheme == "https" {
					return busy()
				}
				return page()
			}, []string{"GET https://127.0.0.1:5000/v2/", "GET http://127.0.0.1:5000/v2/"}, 0, "",
		},
		"a page": {
			"127.0.0.1:5000", func(request *http.Request) (*http.Response, error) {
				if request.URL.Scheme == "https" {
					return nil, errors.New("http: server gave HTTP response to HTTPS client")
				}
				return page()
			}, []string{"GET https://127.0.0.1:5000/v2/", "GET http://127.0.0.1:5000/v2/", "GET https://127.0.0.1:5000/v2/", "GET http://127.0.0.1:5000/v2/"}, 0, "E_NO_REGISTRY",
		},
	} {
		t.Run(name, func(t *testing.T) {
			from := "FROM " + test.host + "/base:1"
			r := Request{Context: folder(t, map[string]string{"Dockerfile": from + " AS a\n" + from + "\nCOPY --from=a /a /b\n"}), Platform: "linux/amd64"}
			synctest.Test(t, func(t *testing.T) {
				network := &answering{answer: test.answer}
				client := &registry.Client{Transport: network}
				began := time.Now()
				err := Native{Keychain: authn.NewMultiKeychain(), Reach: client.AtOnce}.CheckBases(t.Context(), r)
				if took := time.Since(began).Round(time.Second); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
				if diff := cmp.Diff(test.asked, network.asked); diff != "" {
					t.Errorf("asked (-want +got)\n%s", diff)
				}
				if test.code == "" {
					must(t, err)
					return
				}
				wantFault(t, err, test.code, 1, "base image 127.0.0.1:5000/base:1: ", "no registry answers")
			})
		})
	}
}

// unable is a keychain that has no login to give.
type unable struct{ err error }

func (u unable) Resolve(authn.Resource) (authn.Authenticator, error) { return nil, u.err }

// That a login is refused is told before the build; trouble that may pass is not.
func TestBasesWithoutALogin(t *testing.T) {
	r := Request{Context: folder(t, map[string]string{"Dockerfile": "FROM registry.example/base\n"}), Platform: "linux/amd64"}
	unasked := by(&answering{answer: func(*http.Request) (*http.Response, error) { return nil, errors.New("it was asked") }})
	for code, told := range map[string]bool{
		"E_REGISTRY_AUTH": true, "E_AWS_AUTH": true, "E_AWS_ROLE": true, "E_ID_TOKEN": true,
		"E_REGISTRY": false, "E_REGISTRY_UNREACHABLE": false, "E_REGISTRY_LIMIT": false,
	} {
		keychain := unable{fault.Newf(code, "do this", "that is wrong")}
		err := Native{Keychain: keychain, Reach: unasked}.CheckBases(context.Background(), r)
		if told {
			wantFault(t, err, code, 1, "base image registry.example/base: that is wrong", "do this")
		} else if err != nil {
			t.Errorf("%s is told: %v", code, err)
		}
	}
}
