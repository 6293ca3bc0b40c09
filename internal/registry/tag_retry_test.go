package registry_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// refusedWrites are what may become of the first try to write a version.
var refusedWrites = map[string]testkit.RegistryFailure{
	"503":                    {Status: 503},
	"503 for a while":        {Status: 503, Header: http.Header{"Retry-After": {"60"}}},
	"429":                    {Status: 429, Code: "TOOMANYREQUESTS", Message: "slow down"},
	"reset":                  {Reset: true},
	"denied all of a sudden": {Status: 403, Code: "DENIED", Message: "denied"},
	"401 all of a sudden":    {Status: 401, Code: "UNAUTHORIZED", Message: "authentication required"},
}

// Between two tries to write a version may be a minute, in which another run takes it.
func TestAVersionIsLookedAtBeforeEachTry(t *testing.T) {
	for of, rule := range map[string]registry.Rule{"a version": registry.Fixed, "a commit": registry.First} {
		for name, failure := range refusedWrites {
			t.Run(of+", "+name, func(t *testing.T) {
				reg := testkit.NewRegistry(t)
				failure.Method, failure.Path, failure.Times = "PUT", "/manifests/v0.0.7", 1
				reg.Fail(failure)
				r := request(t, repository(t, reg.Host+"/acme/web"))
				r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: rule}}
				theirs := randomImage(t, 100, 1)
				var log strings.Builder
				client, _ := patientClient(&log)
				var once sync.Once
				client.Sleep = func(ctx context.Context, d time.Duration) error {
					once.Do(func() { reg.Put("acme/web", "v0.0.7", theirs) })
					return ctx.Err()
				}
				pushed, err := client.Push(t.Context(), r)
				if got := reg.Digest("acme/web", "v0.0.7"); got != string(digestOf(t, theirs)) {
					t.Errorf("the version of another run was overwritten: %s; pushed %v, %v\n%s", got, short(pushed), err, log.String())
				}
				kept := len(pushed) == 1 && pushed[0].Status == registry.StatusKept
				if rule == registry.Fixed && !fault.Is(err, "E_TAG_TAKEN") || rule == registry.First && (err != nil || !kept) {
					t.Errorf("pushed %v, %v", short(pushed), err)
				}
				if !strings.Contains(log.String(), "/acme/web: v0.0.7: ") {
					t.Errorf("the log says %q", log.String())
				}
			})
		}
	}
}

func TestAVersionIsWrittenAtALaterTry(t *testing.T) {
	for name, failure := range refusedWrites {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			failure.Method, failure.Path, failure.Times = "PUT", "/manifests/v0.0.7", 2
			reg.Fail(failure)
			var log strings.Builder
			client, _ := patientClient(&log)
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: registry.Fixed}}
			pushed, err := client.Push(t.Context(), r)
			if err != nil || len(pushed) != 1 || pushed[0].Status != registry.StatusPushed || reg.Digest("acme/web", "v0.0.7") != string(r.Digest) {
				t.Errorf("pushed %v, %v\n%s", short(pushed), err, log.String())
			}
			// One question at the beginning, one before each of three tries, one at the end.
			if asked, wrote := reg.Count("HEAD", "/manifests/v0.0.7"), reg.Count("PUT", "/manifests/v0.0.7"); asked != 5 || wrote != 3 {
				t.Errorf("asked %d times, wrote %d times\n%s", asked, wrote, strings.Join(reg.Requests(), "\n"))
			}
		})
	}
}

// The write came about, and its answer was lost: nothing is left to do.
func TestAnAnswerToTheWriteOfAVersionIsLost(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/v0.0.7", Times: 1, Reset: true, Done: true})
	r := request(t, repository(t, reg.Host+"/acme/web"))
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil || len(pushed) != 3 || pushed[0].Status != registry.StatusPushed || pushed[0].Blobs == 0 {
		t.Errorf("pushed %v, %v", short(pushed), err)
	}
	if n := reg.Count("PUT", "/manifests/v0.0.7"); n != 1 {
		t.Errorf("wrote %d times", n)
	}
}

// A token ends at the very write of a version. While the next one comes, another run
// takes the version.
func TestATokenEndsAtTheWriteOfAVersion(t *testing.T) {
	for name, rival := range map[string]bool{"nobody else": false, "another run": true} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryTokens(1000))
			reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/v0.0.7", Times: 1, Status: 401, Code: "UNAUTHORIZED", Message: "authentication required",
				Header: http.Header{"Www-Authenticate": {`Bearer realm="http://` + reg.Host + `/token",service="testkit"`}}})
			r := request(t, repository(t, reg.Host+"/acme/web"))
			want := r.Digest
			client := newClient()
			if rival {
				theirs := randomImage(t, 100, 1)
				want = digestOf(t, theirs)
				client.Transport = after{http: remote.DefaultTransport, method: "GET", part: "/token",
					then: nth(2, func() { reg.Put("acme/web", "v0.0.7", theirs) })}
			}
			pushed, err := client.Push(t.Context(), r)
			if got := reg.Digest("acme/web", "v0.0.7"); got != string(want) {
				t.Errorf("the version is %s, want %s", got, want)
			}
			if rival && !fault.Is(err, "E_TAG_TAKEN") || !rival && (err != nil || len(pushed) != 3) {
				t.Errorf("pushed %v, %v", short(pushed), err)
			}
		})
	}
}
