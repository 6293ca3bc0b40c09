package registry_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Blobs take minutes: whoever sets the tag meanwhile keeps it.
func TestTagIsSetDuringTheUpload(t *testing.T) {
	for name, test := range map[string]struct {
		rule   registry.Rule
		same   bool // the other run pushes the same image
		status registry.Status
		code   string
	}{
		"a version, another image": {rule: registry.Fixed, code: "E_TAG_TAKEN"},
		"a version, the same":      {rule: registry.Fixed, same: true, status: registry.StatusAlready},
		"a commit, another image":  {rule: registry.First, status: registry.StatusKept},
		"a commit, the same":       {rule: registry.First, same: true, status: registry.StatusAlready},
		"a branch, another image":  {rule: registry.Moves, status: registry.StatusPushed},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: test.rule}, {Name: "main"}}
			theirs := randomImage(t, 100, 1)
			if test.same {
				theirs = layoutImage(t, r)
			}
			want := digestOf(t, theirs)
			if test.rule == registry.Moves {
				want = r.Digest
			}
			client := newClient()
			client.Transport = after{http: remote.DefaultTransport, method: "PATCH", part: "/blobs/",
				then: nth(1, func() { reg.Put("acme/web", "v0.0.7", theirs) })}
			pushed, err := client.Push(t.Context(), r)
			if got := reg.Digest("acme/web", "v0.0.7"); got != string(want) {
				t.Errorf("the tag is %s, want %s", got, want)
			}
			if test.code != "" {
				if !fault.Is(err, test.code) || !strings.Contains(err.Error(), string(want)) || len(pushed) != 0 {
					t.Fatalf("got %v and %v", short(pushed), err)
				}
				if got := reg.Digest("acme/web", "main"); got != "" {
					t.Errorf("main is %s without a version", got)
				}
				return
			}
			if err != nil || len(pushed) != 2 || pushed[0].Status != test.status || pushed[0].Digest != want {
				t.Fatalf("got %v and %v, want %s", short(pushed), err, test.status)
			}
		})
	}
}

// A tag that must not move is not written where nobody can see what it holds.
func TestTagThatCannotBeRead(t *testing.T) {
	for name, rule := range map[string]registry.Rule{"version": registry.Fixed, "commit": registry.First} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			theirs := randomImage(t, 100, 1)
			reg.Put("acme/web", "v0.0.7", theirs)
			for _, method := range []string{"HEAD", "GET"} {
				reg.Fail(testkit.RegistryFailure{Method: method, Path: "/manifests/", Status: 403, Code: "DENIED", Message: "may not read"})
			}
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: rule}, {Name: "main"}}
			_, err := newClient().Push(t.Context(), r)
			check(t, err, "E_PUSH_DENIED", "acme/web:v0.0.7 cannot be read", "let this login read")
			if !strings.Contains(err.Error(), "may not read") {
				t.Errorf("%v\nlacks the registry's words", err)
			}
			if got := reg.Digest("acme/web", "v0.0.7"); got != string(digestOf(t, theirs)) {
				t.Errorf("the tag was moved to %s", got)
			}
			if got := reg.Digest("acme/web", "main"); got != "" {
				t.Errorf("main is %s without a version", got)
			}
		})
	}
}

// GHCR says "denied" of a package until something was pushed to it.
func TestFirstPushToAHiddenRepository(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryHidesNew())
	r := request(t, repository(t, reg.Host+"/acme/web"))
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"acme/web v0.0.7 pushed", "acme/web main pushed", "acme/web latest pushed"}
	if diff := cmp.Diff(want, short(pushed)); diff != "" {
		t.Error(diff)
	}
}

// The same, where the right to read arrives a moment after the package.
func TestHiddenRepositoryShowsLate(t *testing.T) {
	reg := testkit.NewRegistry(t)
	// Two answers are for the first question, by HEAD and by GET; two are late.
	reg.Fail(testkit.RegistryFailure{Path: "/manifests/v0.0.7", Times: 4, Status: 403, Code: "DENIED", Message: "denied"})
	r := request(t, repository(t, reg.Host+"/acme/web"))
	if _, err := newClient().Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestPushShowsLate(t *testing.T) {
	for name, test := range map[string]struct {
		answers int // 404s, the first of which is right
		code    string
	}{
		"at the third look": {answers: 3},
		"never":             {answers: 0, code: "E_PUSH_VERIFY"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			reg.Fail(testkit.RegistryFailure{Method: "HEAD", Path: "/manifests/main", Times: test.answers, Status: 404})
			var log strings.Builder
			client := newClient()
			client.Log = &log
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "main"}}
			pushed, err := client.Push(t.Context(), r)
			if n := reg.Count("HEAD", "/manifests/main"); n != 4 {
				t.Errorf("looked %d times, want once before and three times after", n)
			}
			if !strings.Contains(log.String(), "main is not seen yet, again in 0 s (try 3 of 3)\n") {
				t.Errorf("the log says %q", log.String())
			}
			if test.code != "" {
				check(t, err, test.code, "the registry answers that there is none", "run again")
				return
			}
			if err != nil || len(pushed) != 1 || pushed[0].Status != registry.StatusPushed {
				t.Fatalf("got %v and %v", short(pushed), err)
			}
		})
	}
}

// A repository that lets no tag move gets all the others.
func TestMovingTagInAnImmutableRepository(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
	reg.Put("acme/web", "pr-7", randomImage(t, 100, 1))
	r := request(t, repository(t, reg.Host+"/acme/web"))
	r.Tags = []registry.Tag{{Name: "pr-7"}, {Name: "main"}, {Name: "sha-1a2b3c", Rule: registry.First}}
	pushed, err := newClient().Push(t.Context(), r)
	check(t, err, "E_TAG_TAKEN", "tag is immutable", "let this tag move, or leave it out of `tags`")
	if !strings.Contains(err.Error(), "pr-7") {
		t.Errorf("%v\ndoes not name the tag", err)
	}
	if diff := cmp.Diff([]string{"acme/web sha-1a2b3c pushed", "acme/web main pushed"}, short(pushed)); diff != "" {
		t.Error(diff)
	}
}

// Registries guard tags in words of their own: what the tag holds tells what they mean.
func TestTagRefused(t *testing.T) {
	harbor := testkit.RegistryFailure{Status: 412, Code: "PRECONDITION", Message: "Failed to process request due to 'v1' configured as immutable."}
	nexus := testkit.RegistryFailure{Status: 400, Code: "BLOB_UPLOAD_INVALID", Message: "Repository does not allow updating assets: docker-hosted"}
	nexusNow := testkit.RegistryFailure{Status: 400, Code: "BLOB_UPLOAD_INVALID", Message: "docker-hosted/v2/acme/web/manifests/v0.0.7 cannot be updated"}
	denied := testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "not enough permissions to overwrite artifact"}
	for name, test := range map[string]struct {
		refusal testkit.RegistryFailure
		rule    registry.Rule
		then    string // what the tag holds after the refusal: ours, theirs, or nothing
		status  registry.Status
		code    string
		told    string
		hint    string
	}{
		"Harbor, ours":             {refusal: harbor, rule: registry.Fixed, then: "ours", status: registry.StatusAlready},
		"Harbor, theirs":           {refusal: harbor, rule: registry.Fixed, then: "theirs", code: "E_TAG_TAKEN"},
		"Harbor, theirs, a commit": {refusal: harbor, rule: registry.First, then: "theirs", status: registry.StatusKept},
		"Harbor, theirs, a branch": {refusal: harbor, then: "theirs", code: "E_TAG_TAKEN", told: "configured as immutable"},
		"Harbor, nothing":          {refusal: harbor, rule: registry.Fixed, code: "E_REGISTRY", told: "configured as immutable"},
		"Nexus, theirs, a branch":  {refusal: nexus, then: "theirs", code: "E_TAG_TAKEN", told: "updating assets", hint: "immutable tags"},
		"Nexus, in other words":    {refusal: nexusNow, then: "theirs", code: "E_TAG_TAKEN", told: "cannot be updated", hint: "immutable tags"},
		"403, ours":                {refusal: denied, rule: registry.Fixed, then: "ours", status: registry.StatusAlready},
		"403, theirs":              {refusal: denied, rule: registry.Fixed, then: "theirs", code: "E_TAG_TAKEN"},
		"403, theirs, a branch":    {refusal: denied, then: "theirs", code: "E_PUSH_DENIED", told: "not enough permissions", hint: "Delete/Overwrite"},
		"403, nothing":             {refusal: denied, rule: registry.Fixed, code: "E_PUSH_DENIED", told: "not enough permissions"},
		"429, nothing":             {refusal: testkit.RegistryFailure{Status: 429}, rule: registry.Fixed, code: "E_REGISTRY_LIMIT"},
		"400, nothing":             {refusal: testkit.RegistryFailure{Status: 400, Code: "TAG_INVALID", Message: "a bad name"}, code: "E_REGISTRY", told: "a bad name"},
		"408, theirs, a branch":    {refusal: testkit.RegistryFailure{Status: 408}, then: "theirs", code: "E_REGISTRY", told: "408"},
		"404, theirs, a branch":    {refusal: testkit.RegistryFailure{Status: 404, Code: "MANIFEST_BLOB_UNKNOWN", Message: "blob unknown"}, then: "theirs", code: "E_REGISTRY", told: "blob unknown"},
		"400, theirs, a branch":    {refusal: testkit.RegistryFailure{Status: 400, Code: "MANIFEST_INVALID", Message: "manifest invalid"}, then: "theirs", code: "E_REGISTRY", told: "manifest invalid"},
		"413, theirs, a branch":    {refusal: testkit.RegistryFailure{Status: 413}, then: "theirs", code: "E_REGISTRY", told: "413"},
		"401, nothing":             {refusal: testkit.RegistryFailure{Status: 401}, code: "E_REGISTRY_AUTH"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			r := request(t, repository(t, reg.Host+"/acme/web"))
			r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: test.rule}}
			test.refusal.Method, test.refusal.Path = "PUT", "/manifests/v0.0.7"
			reg.Fail(test.refusal)
			client := newClient()
			client.Transport = after{http: remote.DefaultTransport, method: "PUT", part: "/manifests/v0.0.7", then: nth(1, func() {
				switch test.then {
				case "ours":
					reg.Put("acme/web", "v0.0.7", layoutImage(t, r))
				case "theirs":
					reg.Put("acme/web", "v0.0.7", randomImage(t, 100, 1))
				}
			})}
			pushed, err := client.Push(t.Context(), r)
			if test.code != "" {
				check(t, err, test.code, test.told, test.hint)
				return
			}
			if err != nil || len(pushed) != 1 || pushed[0].Status != test.status {
				t.Fatalf("got %v and %v, want %s", short(pushed), err, test.status)
			}
		})
	}
}

// A registry that cannot say what a version holds gets nothing.
func TestNoAnswerIsNotFree(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Fail(testkit.RegistryFailure{Method: "HEAD", Path: "/manifests/v0.0.7", Status: 500})
	_, err := newClient().Push(t.Context(), request(t, repository(t, reg.Host+"/acme/web")))
	check(t, err, "E_REGISTRY", "500", "run again later")
	writes := slices.DeleteFunc(reg.Requests(), func(line string) bool {
		return strings.HasPrefix(line, "HEAD ") || strings.HasPrefix(line, "GET ")
	})
	if len(writes) != 0 {
		t.Errorf("sent %v", writes)
	}
}
