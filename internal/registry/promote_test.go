package registry_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// withAPI is a registry with the referrers API, or one without.
func withAPI(t *testing.T, has bool) *testkit.Registry {
	t.Helper()
	if has {
		return testkit.NewRegistry(t, testkit.RegistryReferrers())
	}
	return testkit.NewRegistry(t)
}

var withAndWithout = map[bool]string{true: "API", false: "no API"}

func TestPromoteBringsAllThatIsAttached(t *testing.T) {
	for _, source := range []bool{true, false} {
		for _, target := range []bool{true, false} {
			t.Run(withAndWithout[source]+" to "+withAndWithout[target], func(t *testing.T) {
				from, to := withAPI(t, source), withAPI(t, target)
				signed := putSigned(t, from)
				request := signed.promotion(t, repository(t, to.Host+"/team/web"))
				pushed, err := newClient().Promote(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"team/web v0.0.8 pushed", "team/web latest pushed"}, short(pushed)); diff != "" {
					t.Error(diff)
				}
				t.Logf("first: %d requests to the source, %d to the target", len(from.Requests()), len(to.Requests()))
				signed.wholeAt(t, to, "team/web")

				from.Forget()
				to.Forget()
				pushed, err = newClient().Promote(t.Context(), request)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{"team/web v0.0.8 already", "team/web latest already"}, short(pushed)); diff != "" {
					t.Error(diff)
				}
				t.Logf("again: %d requests to the source, %d to the target", len(from.Requests()), len(to.Requests()))
				if n := to.Count("PUT", "") + to.Count("POST", ""); n != 0 {
					t.Errorf("%d writes the second time: %q", n, to.Requests())
				}
			})
		}
	}
}

// The order of the writes: the image, what is attached, the version, what floats.
func TestPromoteWritesTagsLast(t *testing.T) {
	for _, api := range []bool{true, false} {
		t.Run(withAndWithout[api], func(t *testing.T) {
			from, to := withAPI(t, api), withAPI(t, api)
			signed := putSigned(t, from)
			if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
				t.Fatal(err)
			}
			var puts []string
			root := -1
			for _, r := range to.Requests() {
				if id, ok := strings.CutPrefix(r, "PUT /v2/team/web/manifests/"); ok {
					if id == string(digestOf(t, signed.index)) {
						root = len(puts)
					}
					puts = append(puts, id)
				}
			}
			if diff := cmp.Diff([]string{"v0.0.8", "latest"}, puts[len(puts)-2:]); diff != "" {
				t.Error(diff)
			}
			if want := 12; root != want { // ten children, the index within, and its image
				t.Errorf("the index was written after %d others, want %d: %q", root, want, puts)
			}
		})
	}
}

func TestPromoteWithinARegistryMounts(t *testing.T) {
	reg := withAPI(t, true)
	signed := putSigned(t, reg)
	pushed, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, reg.Host+"/acme/prod"), repository(t, reg.Host+"/acme/web")))
	if err != nil {
		t.Fatal(err)
	}
	signed.wholeAt(t, reg, "acme/prod")
	if n := reg.Count("PATCH", "") + reg.Count("GET", "/blobs/"); n != 0 {
		t.Errorf("%d blobs were carried through this machine", n)
	}
	if pushed[0].Blobs != 0 || pushed[0].Skipped == 0 {
		t.Errorf("%d blobs sent, %d skipped", pushed[0].Blobs, pushed[0].Skipped)
	}
	if got := reg.Digest("acme/web", "v0.0.8"); got != string(digestOf(t, signed.index)) {
		t.Errorf("the repository itself has %s as v0.0.8", got)
	}
}

func TestPromoteWithinARepositoryIsARetag(t *testing.T) {
	reg := withAPI(t, true)
	signed := putSigned(t, reg)
	if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, reg.Host+"/acme/web"))); err != nil {
		t.Fatal(err)
	}
	if n := reg.Count("", "/blobs/") + reg.Count("GET", "/referrers/"); n != 0 || reg.Count("PUT", "") != 2 {
		t.Errorf("more was asked and written than two tags: %q", reg.Requests())
	}
}

// The tag may move on; what it was when the promotion began is what counts.
func TestPromoteByDigestWithoutATag(t *testing.T) {
	from, to := withAPI(t, true), withAPI(t, true)
	signed := putSigned(t, from)
	request := signed.promotion(t, repository(t, to.Host+"/team/web"))
	request.From.Digest, request.Tags = digestOf(t, signed.index), nil
	from.Put("acme/web", "pr-7", randomImage(t, 10, 1))
	for _, want := range []registry.Status{registry.StatusPushed, registry.StatusAlready} {
		pushed, err := newClient().Promote(t.Context(), request)
		if err != nil {
			t.Fatal(err)
		}
		if len(pushed) != 1 || pushed[0].Status != want || pushed[0].Digest != digestOf(t, signed.index) {
			t.Errorf("got %+v, want %s", pushed, want)
		}
	}
	signed.wholeAt(t, to, "team/web")
}

func TestPromoteLeavesAVersionThatIsTaken(t *testing.T) {
	from, one, two := withAPI(t, true), withAPI(t, true), withAPI(t, true)
	signed := putSigned(t, from)
	two.Put("team/web", "v0.0.8", randomImage(t, 10, 1))
	before := two.Digest("team/web", "v0.0.8")
	_, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, one.Host+"/team/web"), repository(t, two.Host+"/team/web")))
	check(t, err, "E_TAG_TAKEN", two.Host+"/team/web", "")
	if n := one.Count("PUT", "") + one.Count("POST", "") + two.Count("PUT", "") + two.Count("POST", ""); n != 0 || two.Digest("team/web", "v0.0.8") != before {
		t.Errorf("%d writes", n)
	}
}

// Of what does not exist yet some registries say that it is denied, and others let
// no tag be written twice.
func TestPromoteToRegistriesWithManners(t *testing.T) {
	for name, options := range map[string][]testkit.RegistryOption{
		"one that hides what is not there": {testkit.RegistryHidesNew()},
		"one with immutable tags":          {testkit.RegistryImmutable(), testkit.RegistryReferrers()},
		"one with a login":                 {testkit.RegistryTokens(60)},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := withAPI(t, true), testkit.NewRegistry(t, options...)
			signed := putSignedFor(t, from, "amd64")
			for range 2 {
				if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
					t.Fatal(err)
				}
			}
			for _, digest := range signed.digests {
				found, err := newClient().Referrers(t.Context(), repository(t, to.Host+"/team/web"), digest)
				if want := attachedTo(t, newClient(), from, "acme/web", digest); err != nil || len(found) != len(want) {
					t.Errorf("to %s are attached %v, want %q; %v", digest, found, want, err)
				}
			}
		})
	}
}

// A registry that refuses does not keep the others from what they can have.
func TestPromoteToARegistryThatRefuses(t *testing.T) {
	from, one := withAPI(t, true), withAPI(t, true)
	two := testkit.NewRegistry(t, testkit.RegistryDenies("team"))
	signed := putSigned(t, from)
	pushed, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, one.Host+"/team/web"), repository(t, two.Host+"/team/web")))
	check(t, err, "E_PUSH_DENIED", two.Host+"/team/web", "")
	if diff := cmp.Diff([]string{"team/web v0.0.8 pushed", "team/web latest pushed"}, short(pushed)); diff != "" {
		t.Error(diff)
	}
	signed.wholeAt(t, one, "team/web")
}

// Whatever request fails, of either registry, no tag stands without what is
// attached, and the next run completes the work.
func TestPromoteAfterAnyFailure(t *testing.T) {
	for name, test := range map[string]struct{ source, target, failsAtSource bool }{
		"the target": {source: true},
		"the source": {source: true, failsAtSource: true},
	} {
		t.Run(name, func(t *testing.T) {
			signed := putSignedFor(t, withAPI(t, test.source), "amd64")
			runs, failed := 0, 0
			for n := 0; ; n++ {
				to := withAPI(t, test.target)
				request := signed.promotion(t, repository(t, to.Host+"/team/web"))
				bad := to
				if test.failsAtSource {
					bad = signed.reg
				}
				bad.Forget()
				bad.Fail(testkit.RegistryFailure{Path: "/v2/", Skip: n, Times: 1, Status: http.StatusInternalServerError})
				client := newClient()
				client.Retry = remote.Backoff{Steps: 1}
				_, err := client.Promote(t.Context(), request)
				if asked := len(bad.Requests()); err == nil && asked <= n {
					break
				}
				if runs++; err != nil {
					failed++
					if to.Digest("team/web", "latest") != "" && to.Digest("team/web", "v0.0.8") == "" {
						t.Errorf("request %d: latest stands without its version", n)
					}
					if to.Digest("team/web", "v0.0.8") != "" {
						signed.wholeAt(t, to, "team/web")
					}
					if _, err := newClient().Promote(t.Context(), request); err != nil {
						t.Errorf("after a failure of request %d: %v", n, err)
					}
				}
				signed.wholeAt(t, to, "team/web")
				if t.Failed() {
					t.Fatalf("request %d", n)
				}
			}
			t.Logf("%d runs, %d failed", runs, failed)
			if failed < 20 {
				t.Errorf("only %d of %d runs failed", failed, runs)
			}
		})
	}
}

// What another client takes for the same image, with all that is attached: it has
// to be told of each of these.
func TestPromoteTakesFewerRequestsThanACopyOfEach(t *testing.T) {
	for _, api := range []bool{true, false} {
		t.Run(withAndWithout[api], func(t *testing.T) {
			from, ours, theirs := withAPI(t, api), withAPI(t, api), withAPI(t, api)
			signed := putSigned(t, from)
			promote := func() (requests int) {
				t.Helper()
				from.Forget()
				ours.Forget()
				if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, ours.Host+"/team/web"))); err != nil {
					t.Fatal(err)
				}
				return len(from.Requests()) + len(ours.Requests())
			}
			crane := func() (requests int) {
				t.Helper()
				from.Forget()
				theirs.Forget()
				for _, id := range []string{":v0.0.8", ":latest"} {
					copyAs(t, from.Host+"/acme/web:pr-7", theirs.Host+"/team/web"+id)
				}
				for _, digest := range signed.digests[len(signed.digests)-5 : len(signed.digests)-2] {
					copyAs(t, from.Host+"/acme/web@"+string(digest), theirs.Host+"/team/web@"+string(digest))
				}
				for _, tag := range signed.tags {
					copyAs(t, from.Host+"/acme/web:"+tag, theirs.Host+"/team/web:"+tag)
				}
				return len(from.Requests()) + len(theirs.Requests())
			}
			first, again := promote(), promote()
			craneFirst, craneAgain := crane(), crane()
			t.Logf("first: %d requests, crane copy of each %d; again: %d, crane %d", first, craneFirst, again, craneAgain)
			if first > craneFirst {
				t.Errorf("%d requests, more than the %d of a copy of each", first, craneFirst)
			}
			signed.wholeAt(t, theirs, "team/web")
		})
	}
}

// copyAs is what crane copy does.
func copyAs(t *testing.T, from, to string) {
	t.Helper()
	source, err := name.ParseReference(from)
	if err != nil {
		t.Fatal(err)
	}
	target, err := name.ParseReference(to)
	if err != nil {
		t.Fatal(err)
	}
	found, err := remote.Get(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(target, found); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", to, err))
	}
}

// Docker's own registry has no referrers API, and takes a manifest only after all
// that it names.
func TestPromoteBetweenRealRegistries(t *testing.T) {
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip("docker-registry is not installed: apt-get install docker-registry")
	}
	behind := func() *testkit.Registry {
		return testkit.NewRegistry(t, testkit.RegistryBehind("http://"+testkit.Program{}.Start(t)))
	}
	from, to := behind(), behind()
	signed := putSignedFor(t, from, "amd64", "arm64")
	for _, path := range []string{"team/web", "team/other"} {
		request := signed.promotion(t, repository(t, to.Host+"/"+path), repository(t, from.Host+"/"+path))
		if _, err := newClient().Promote(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		signed.wholeAt(t, to, path)
		signed.wholeAt(t, from, path)
		to.Forget()
		from.Forget()
		if _, err := newClient().Promote(t.Context(), request); err != nil {
			t.Fatal(err)
		}
		if n := to.Count("PUT", "") + to.Count("POST", "") + from.Count("PUT", "") + from.Count("POST", ""); n != 0 {
			t.Errorf("%d writes the second time", n)
		}
	}
}
