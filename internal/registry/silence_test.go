package registry_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// A registry takes a request and says nothing.
func TestARegistryIsSilent(t *testing.T) {
	for name, test := range map[string]struct {
		method, part string
		times        int32 // 0 is always
		silence      time.Duration
		took         time.Duration // rounded to seconds
		told         string
	}{
		"at the greeting":         {method: "GET", part: "/v2/", took: 2*time.Minute + time.Second, told: "no answer within 60 s"},
		"at a question":           {method: "HEAD", part: "/manifests/main", took: 2*time.Minute + time.Second, told: "no answer within 60 s"},
		"at a question, once":     {method: "HEAD", part: "/manifests/main", times: 1, took: time.Minute + time.Second},
		"as an upload begins":     {method: "POST", part: "/blobs/uploads/", times: 1, took: time.Minute + time.Second},
		"at a manifest":           {method: "PUT", part: "/manifests/main", took: 2*time.Minute + time.Second, told: "no answer within 60 s"},
		"at a version":            {method: "PUT", part: "/manifests/v0.0.7", times: 1, took: time.Minute + time.Second},
		"as long as is asked for": {method: "HEAD", part: "/manifests/main", silence: 5 * time.Second, took: 11 * time.Second, told: "no answer within 5 s"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			r := request(t, repository(t, reg.Host+"/acme/web"))
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
					if request.Method == test.method && strings.HasSuffix(request.URL.Path, test.part) && (asked.Add(1) <= test.times || test.times == 0) {
						<-request.Context().Done()
						return nil, request.Context().Err()
					}
					return inside(reg)(request)
				}), io.Discard)
				client.Silence = test.silence
				began := time.Now()
				_, err := client.Push(t.Context(), r)
				if took := time.Since(began).Round(time.Second); took != test.took {
					t.Errorf("took %s, want %s", took, test.took)
				}
				if test.told != "" {
					check(t, err, "E_REGISTRY_UNREACHABLE", test.told, "the network")
				} else if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Who carries a blob, and computes its digest, may take his time.
func TestAnUploadTakesLong(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := oneBlob(t, reg)
	synctest.Test(t, func(t *testing.T) {
		client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodPatch || request.Method == http.MethodPut && strings.Contains(request.URL.Path, "/blobs/") {
				time.Sleep(10 * time.Minute) // of a bubble
			}
			return inside(reg)(request)
		}), io.Discard)
		if _, err := client.Push(t.Context(), r); err != nil {
			t.Error(err)
		}
	})
}

// How long the request that ends an upload takes goes by the blob, not by its own body.
func TestALargeUploadEndsLate(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 3<<20, 1)
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	large := digestOf(t, layers[0])
	dir, digest := onDisk(t, img)
	r := registry.PushRequest{Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}}, Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")}}
	synctest.Test(t, func(t *testing.T) {
		var ends atomic.Int32
		client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodPut && request.URL.Query().Get("digest") == string(large) {
				ends.Add(1)
				select {
				case <-request.Context().Done():
					return nil, request.Context().Err()
				case <-time.After(17 * time.Second): // 15 s, and a second a megabyte
				}
			}
			return inside(reg)(request)
		}), io.Discard)
		client.Silence = time.Second
		if _, err := client.Push(t.Context(), r); err != nil || ends.Load() != 1 {
			t.Errorf("after %d ends of the upload: %v", ends.Load(), err)
		}
	})
}

// The largest blob has an hour, not hours: 4 GB are said to come, and none of them does.
func TestTheLargestUploadHasAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
			<-request.Context().Done()
			return nil, request.Context().Err()
		}), io.Discard)
		request, err := http.NewRequest(http.MethodPatch, "https://registry.example/v2/acme/web/blobs/uploads/1", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = 4 << 30
		began := time.Now()
		if _, err = client.At("registry.example").RoundTrip(request); err == nil || time.Since(began) != time.Hour {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// Nobody waits for hours where it never answers.
func TestAnUploadIsNotAnswered(t *testing.T) {
	for method, times := range map[string]int32{http.MethodPatch: 0, http.MethodPut: 1} {
		t.Run(method, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			r := oneBlob(t, reg)
			synctest.Test(t, func(t *testing.T) {
				var asked atomic.Int32
				client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
					if request.Method == method && !strings.Contains(request.URL.Path, "/manifests/") && (asked.Add(1) <= times || times == 0) {
						if request.Body != nil {
							io.Copy(io.Discard, request.Body)
						}
						<-request.Context().Done()
						return nil, request.Context().Err()
					}
					return inside(reg)(request)
				}), io.Discard)
				began := time.Now()
				_, err := client.Push(t.Context(), r)
				want := 15 * time.Minute
				if times == 0 {
					want *= 2
					check(t, err, "E_REGISTRY_UNREACHABLE", "no answer within 900 s", "the network")
				} else if err != nil {
					t.Error(err)
				}
				if took := time.Since(began).Round(time.Minute); took != want || asked.Load() != 2 {
					t.Errorf("took %s for %d tries, want %s", took, asked.Load(), want)
				}
			})
		})
	}
}

// What is on its way is no silence, however slow it is.
func TestAnUploadIsSlow(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	synctest.Test(t, func(t *testing.T) {
		client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
			if request.Method == http.MethodPatch {
				sent, one := []byte{}, make([]byte, 40)
				for {
					n, err := request.Body.Read(one)
					if sent = append(sent, one[:n]...); err != nil {
						break
					}
					time.Sleep(10 * time.Minute)
				}
				request.Body.Close()
				if err := request.Context().Err(); err != nil {
					return nil, err
				}
				request.Body = io.NopCloser(strings.NewReader(string(sent)))
			}
			return inside(reg)(request)
		}), io.Discard)
		began := time.Now()
		if _, err := client.Push(t.Context(), r); err != nil || time.Since(began) < 20*time.Minute {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

// stalls gives half of a body and no more, until it is closed.
type stalls struct {
	io.Reader
	ctx context.Context
}

func (s *stalls) Read(p []byte) (int, error) {
	if n, err := s.Reader.Read(p); err == nil {
		return n, nil
	}
	<-s.ctx.Done()
	return 0, s.ctx.Err()
}

func (s *stalls) Close() error { return nil }

// An answer begins and does not go on.
func TestAnAnswerStalls(t *testing.T) {
	for part, always := range map[string]bool{"/manifests/": false, "/blobs/": true} {
		t.Run(part, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Put("acme/web", "main", randomImage(t, 1<<10, 1))
			from, to := image(t, reg.Host+"/acme/web:main"), repository(t, reg.Host+"/team/web")
			synctest.Test(t, func(t *testing.T) {
				var stalled atomic.Bool
				client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
					if request.Method == http.MethodPost {
						request.URL.RawQuery = "" // nothing is mounted
					}
					response, err := inside(reg)(request)
					if err == nil && request.Method == http.MethodGet && strings.Contains(request.URL.Path, part) && (!stalled.Swap(true) || always) {
						data, _ := io.ReadAll(response.Body)
						response.Body = &stalls{strings.NewReader(string(data[:len(data)/2])), request.Context()}
					}
					return response, err
				}), io.Discard)
				began := time.Now()
				_, err := client.Push(t.Context(), registry.PushRequest{From: from, Tags: []registry.Tag{{Name: "main"}}, Repositories: []ref.Repository{to}})
				if took := time.Since(began); !stalled.Load() || took < time.Minute || took > 10*time.Minute {
					t.Errorf("took %s", took)
				}
				if always {
					check(t, err, "E_REGISTRY_UNREACHABLE", "no answer within 60 s", "")
				} else if err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Before a build somebody waits.
func TestMayPushIsOverSoon(t *testing.T) {
	reg := testkit.NewRegistry(t)
	web := repository(t, reg.Host+"/acme/web")
	synctest.Test(t, func(t *testing.T) {
		client := byTheClock(roundTrip(func(request *http.Request) (*http.Response, error) {
			<-request.Context().Done()
			return nil, request.Context().Err()
		}), io.Discard)
		began := time.Now()
		err := client.MayPush(t.Context(), web)
		check(t, err, "E_REGISTRY_UNREACHABLE", "no answer within 9 s", "")
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %s", took)
		}
	})
}
