package registry_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// sleeper notes how long a client would have waited, and does not wait.
type sleeper struct {
	mu    sync.Mutex
	slept []time.Duration
}

func (s *sleeper) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slept = append(s.slept, d)
	return ctx.Err()
}

// patientClient has the pauses of a real one, and does not wait; its clock stands.
func patientClient(log *strings.Builder) (*registry.Client, *sleeper) {
	s := &sleeper{}
	client := newClient()
	client.Log, client.Sleep = log, s.sleep
	client.Retry = remote.Backoff{Steps: 3, Duration: time.Second, Factor: 3}
	client.Now = func() time.Time { return time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC) }
	return client, s
}

// oneBlob is a push of an image with one small layer, so that few things meet.
func oneBlob(t *testing.T, reg *testkit.Registry) registry.PushRequest {
	t.Helper()
	dir, digest := onDisk(t, randomImage(t, 100, 0))
	return registry.PushRequest{
		Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}},
		Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
	}
}

func TestRetryAfter(t *testing.T) {
	told := func(value string) http.Header { return http.Header{"Retry-After": {value}} }
	for name, test := range map[string]struct {
		failure testkit.RegistryFailure
		slept   []time.Duration
		line    string
		code    string
	}{
		"seconds":              {failure: testkit.RegistryFailure{Method: "HEAD", Status: 429, Header: told("12"), Times: 1}, slept: []time.Duration{12 * time.Second}, line: "/acme/web: busy (429), again in 12 s (try 2 of 6)\n"},
		"a date":               {failure: testkit.RegistryFailure{Method: "HEAD", Status: 503, Header: told("Sun, 22 Nov 2026 09:00:42 GMT"), Times: 1}, slept: []time.Duration{42 * time.Second}, line: "in trouble (503), again in 42 s"},
		"a date that is over":  {failure: testkit.RegistryFailure{Method: "HEAD", Status: 503, Header: told("Sun, 22 Nov 2026 08:00:42 GMT"), Times: 1}, slept: []time.Duration{time.Second}, line: "again in 1 s (try 2 of 3)"},
		"nothing":              {failure: testkit.RegistryFailure{Method: "HEAD", Status: 503, Times: 2}, slept: []time.Duration{time.Second, 3 * time.Second}, line: "again in 3 s (try 3 of 3)"},
		"nonsense":             {failure: testkit.RegistryFailure{Method: "HEAD", Status: 503, Header: told("soon"), Times: 1}, slept: []time.Duration{time.Second}},
		"a proxy's":            {failure: testkit.RegistryFailure{Method: "HEAD", Status: 520, Times: 1}, slept: []time.Duration{time.Second}, line: "in trouble (520), again in 1 s (try 2 of 3)"},
		"a proxy's, at a blob": {failure: testkit.RegistryFailure{Method: "PATCH", Status: 524, Times: 1}, slept: []time.Duration{time.Second}, line: "524"},
		"what stays so":        {failure: testkit.RegistryFailure{Method: "HEAD", Path: "/manifests/", Status: 505}, code: "E_REGISTRY"},
		"a long time":          {failure: testkit.RegistryFailure{Method: "HEAD", Status: 429, Header: told("200"), Times: 1}, slept: []time.Duration{time.Minute}},
		"the whole day":        {failure: testkit.RegistryFailure{Method: "HEAD", Status: 429, Header: told("21600"), Times: 1}, code: "E_REGISTRY_LIMIT"},
		"at an upload's end":   {failure: testkit.RegistryFailure{Method: "PUT", Path: "/blobs/", Status: 429, Header: told("7"), Times: 1}, slept: []time.Duration{7 * time.Second}, line: "429 Too Many Requests, again in 7 s (try 2 of 6)"},
		"at an upload":         {failure: testkit.RegistryFailure{Method: "PATCH", Status: 503, Header: told("7"), Times: 1}, slept: []time.Duration{7 * time.Second}},
		"busy is not full":     {failure: testkit.RegistryFailure{Method: "PATCH", Status: 429, Code: "TOOMANYREQUESTS", Message: "Quota has been exceeded", Header: told("7"), Times: 1}, slept: []time.Duration{7 * time.Second}},
		"as an upload begins":  {failure: testkit.RegistryFailure{Method: "POST", Status: 429, Header: told("7"), Times: 1}, slept: []time.Duration{7 * time.Second}},
		"each time":            {failure: testkit.RegistryFailure{Method: "HEAD", Status: 429, Header: told("60")}, slept: slices.Repeat([]time.Duration{time.Minute}, 5), code: "E_REGISTRY_LIMIT"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Fail(test.failure)
			var log strings.Builder
			client, s := patientClient(&log)
			r := oneBlob(t, reg)
			_, err := client.Push(t.Context(), r)
			if test.code != "" {
				if !fault.Is(err, test.code) {
					t.Errorf("got %v, want %s", err, test.code)
				}
			} else if err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
				t.Errorf("the tag is %q, %v", reg.Digest("acme/web", "main"), err)
			}
			if diff := cmp.Diff(test.slept, s.slept); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(log.String(), test.line) {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
}

// An answer that breaks off is one that did not come.
func TestHalfATokenIsNone(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryTokens(100))
	reg.Fail(testkit.RegistryFailure{Method: "GET", Path: "/token", Cut: true, Times: 2})
	r := oneBlob(t, reg)
	if _, err := newClient().Push(t.Context(), r); err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
		t.Errorf("the tag is %q, %v", reg.Digest("acme/web", "main"), err)
	}
}

// The registry has lost an upload, or what was sent for it: it begins anew.
func TestAnUploadIsLost(t *testing.T) {
	for name, failure := range map[string]testkit.RegistryFailure{
		"unknown by its end":    {Method: "PUT", Path: "/blobs/", Status: 404, Code: "BLOB_UPLOAD_UNKNOWN", Message: "blob upload unknown to registry", Times: 2},
		"unknown by its middle": {Method: "PATCH", Status: 404, Times: 1},
		"out of order":          {Method: "PATCH", Status: 416, Times: 1},
		"bytes were lost":       {Method: "PUT", Path: "/blobs/", Status: 400, Code: "DIGEST_INVALID", Message: "provided digest did not match uploaded content", Times: 1},
		"answer lost":           {Method: "PUT", Path: "/blobs/", Done: true, Reset: true, Times: 2},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Fail(failure)
			r := oneBlob(t, reg)
			var log strings.Builder
			client, _ := patientClient(&log)
			if _, err := client.Push(t.Context(), r); err != nil || reg.Digest("acme/web", "main") != string(r.Digest) {
				t.Errorf("the tag is %q, %v", reg.Digest("acme/web", "main"), err)
			}
			if !strings.Contains(log.String(), "/acme/web: blob ") || !strings.Contains(log.String(), "again in 1 s (try 2 of 3)\n") {
				t.Errorf("the log says %q", log.String())
			}
		})
	}
}

func TestFewPullsAreLeft(t *testing.T) {
	for name, test := range map[string]struct {
		left, of, line string
	}{
		"few":         {"7;w=21600", "100;w=21600", ": 7 of 100 pulls are left in 360 min\n"},
		"few, simply": {"7", "100", ": 7 of 100 pulls are left\n"},
		"enough":      {"10;w=21600", "100;w=21600", ""},
		"no limit":    {"", "", ""},
		"nonsense":    {"few", "many", ""},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Put("acme/web", "main", randomImage(t, 100, 1))
			var log strings.Builder
			client := newClient()
			client.Log = &log
			client.Transport = headers(func(r *http.Response) {
				r.Header.Set("Ratelimit-Remaining", test.left)
				r.Header.Set("Ratelimit-Limit", test.of)
			})
			for range 2 {
				if _, err := client.Resolve(t.Context(), image(t, reg.Host+"/acme/web:main")); err != nil {
					t.Fatal(err)
				}
			}
			want := test.line
			if want != "" {
				want = reg.Host + want
			}
			if log.String() != want {
				t.Errorf("the log says %q, want %q", log.String(), want)
			}
		})
	}
}
