package registry_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// late is a registry that shows a tag, once it is written, some questions later.
type late struct {
	http    http.RoundTripper
	tag     string
	by      int32 // questions
	written *atomic.Bool
	asked   *atomic.Int32
}

func (l late) RoundTrip(request *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(request.URL.Path, "/manifests/"+l.tag) {
		return l.http.RoundTrip(request)
	}
	if request.Method != http.MethodPut && l.written.Load() && l.asked.Add(1) <= l.by {
		return says{http.StatusNotFound}.RoundTrip(request)
	}
	response, err := l.http.RoundTrip(request)
	l.written.CompareAndSwap(false, request.Method == http.MethodPut)
	return response, err
}

// A tag that holds what is attached may be seen a moment after it was written. It is
// waited for, as for any tag, and not written again meanwhile.
func TestPromoteWaitsForWhatIsAttached(t *testing.T) {
	for name, test := range map[string]struct {
		kind string // of the tag
		by   int32
		code string
		want []time.Duration
	}{
		"the index, a moment later":  {"", 2, "", []time.Duration{time.Second, 3 * time.Second}},
		"the index, never":           {"", 100, "E_PUSH_VERIFY", []time.Duration{time.Second, 3 * time.Second}},
		"signatures, a moment later": {".sig", 1, "", []time.Duration{time.Second}},
		"signatures, never":          {".sig", 100, "E_PUSH_VERIFY", []time.Duration{time.Second, 3 * time.Second}},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, true), withAPI(t, false)
			signed := putSignedFor(t, from, "amd64")
			tag := "sha256-" + string(digestOf(t, signed.index))[len("sha256:"):] + test.kind
			var waited []time.Duration
			client := newClient()
			client.Retry = remote.Backoff{Steps: 3, Duration: time.Second, Factor: 3}
			client.Sleep = func(_ context.Context, d time.Duration) error {
				waited = append(waited, d)
				return nil
			}
			client.Transport = late{remote.DefaultTransport, tag, test.by, &atomic.Bool{}, &atomic.Int32{}}
			_, err := client.Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web")))
			if test.code != "" {
				check(t, err, test.code, tag, "shows it late")
				if to.Digest("team/web", "v0.0.8") != "" {
					t.Error("the version was set all the same")
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, waited); diff != "" {
				t.Error(diff)
			}
			writes := 0
			for _, r := range to.Requests() {
				if r == "PUT /v2/team/web/manifests/"+tag {
					writes++
				}
			}
			if writes != 1 {
				t.Errorf("it was written %d times", writes)
			}
		})
	}
}
