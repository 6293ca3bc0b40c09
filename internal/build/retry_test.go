package build

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// flaky breaks off the body of every layer, as often as there are errors.
type flaky struct {
	mu     sync.Mutex
	tries  map[string]int // by path, of the layers
	errors []error
}

func (f *flaky) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	f.mu.Lock()
	defer f.mu.Unlock()
	tries, isLayer := f.tries[request.URL.Path]
	if err != nil || !isLayer || request.Method != http.MethodGet {
		return answer, err
	}
	f.tries[request.URL.Path]++
	if tries < len(f.errors) {
		whole := answer.Body
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(whole, answer.ContentLength/2), failing{f.errors[tries]}), whole}
	}
	return answer, nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type slow struct{}

func (slow) Error() string   { return "i/o timeout" }
func (slow) Timeout() bool   { return true }
func (slow) Temporary() bool { return true }

func TestLayerAgain(t *testing.T) {
	host := registryHost(t)
	image := baseImage(t, amd64, nil, archive(t, entry{name: "a", text: strings.Repeat("A", 1000)}), archive(t, entry{name: "b", text: "B"}))
	push(t, host+"/b", image)
	manifest, err := image.Manifest()
	must(t, err)
	often := []error{io.ErrUnexpectedEOF, syscall.ECONNRESET, slow{}, io.ErrUnexpectedEOF}
	tests := map[string]struct {
		errors []error
		tries  int
		text   string // of the error, if it fails
	}{
		"good":          {nil, 1, ""},
		"three times":   {often[:3], 4, ""},
		"once too much": {often, 4, "unexpected EOF"},
		"another error": {[]error{errors.New("something else")}, 1, "something else"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			wire := &flaky{tries: map[string]int{}, errors: test.errors}
			for _, l := range manifest.Layers {
				wire.tries["/v2/b/blobs/"+l.Digest.String()] = 0
			}
			var log bytes.Buffer
			r := Request{Context: folder(t, map[string]string{"Dockerfile": "FROM " + host + "/b\n"}), Layout: filepath.Join(t.TempDir(), "l"), Platform: "linux/amd64", Log: &log}
			made, err := Native{Reach: by(wire), Retry: remote.Backoff{Duration: time.Nanosecond, Steps: 3}}.Build(t.Context(), r)
			if test.text != "" {
				for _, tries := range wire.tries { // one layer may be cancelled by the failure of the other
					if tries > test.tries {
						t.Errorf("%d tries, want %d", tries, test.tries)
					}
				}
				wantFault(t, err, "E_BASE_IMAGE", 1, test.text, "")
				return
			}
			must(t, err)
			for name, tries := range wire.tries {
				if tries != test.tries {
					t.Errorf("%s: %d tries, want %d", name, tries, test.tries)
				}
			}
			if strings.Count(log.String(), "is tried again in 0s: ") != 2*(test.tries-1) {
				t.Errorf("log: %s", log.String())
			}
			if diff := cmp.Diff(2, len(read(t, made, "").files(t))); diff != "" {
				t.Errorf("files (-want +got)\n%s", diff)
			}
		})
	}
}

// A server or a proxy that gives up in the middle ends the stream with HTTP/2, and
// the connection with HTTP/1.
func TestBrokenOff(t *testing.T) {
	for _, two := range []bool{true, false} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			_, _ = io.WriteString(w, "1")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		server.EnableHTTP2 = two
		server.StartTLS()
		defer server.Close()
		answer, err := server.Client().Get(server.URL)
		must(t, err)
		_, err = io.ReadAll(answer.Body)
		must(t, answer.Body.Close())
		if (answer.ProtoMajor == 2) != two || !brokenOff(err) {
			t.Errorf("%s: %v is not taken for a break", answer.Proto, err)
		}
	}
	for _, err := range []error{nil, context.Canceled, errors.New("sha256 mismatch"), syscall.ENOSPC} {
		if brokenOff(err) {
			t.Errorf("%v is taken for a break", err)
		}
	}
}

// Waiting ends when the build is cancelled.
func TestLayerAgainCancelled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r := retry{waits: remote.Backoff{Duration: time.Hour, Steps: 1}, logf: func(string, ...any) { cancel(errEnough) }}
	if err := r.do(ctx, "it", func() error { return io.EOF }); err != errEnough {
		t.Errorf("got %v", err)
	}
}
