package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

// commit is the id of the nth commit.
func commit(n int) string { return fmt.Sprintf("%040x", n) }

func claims(t testing.TB, reg *testkit.Registry) registry.Claims {
	return registry.Claims{Client: newClient(), Repository: repository(t, reg.Host+"/acme/web")}
}

// allocate gives a commit the version that it has, or claims the next one, as
// often as another run is faster.
func allocate(ctx context.Context, c registry.Claims, commit string) (ref.Tag, error) {
	for {
		used, err := c.List(ctx, commit)
		if err != nil {
			return "", err
		}
		highest := 0
		for tag, whose := range used {
			if whose == commit {
				return tag, nil
			}
			var n int
			if _, err := fmt.Sscanf(string(tag), "v0.0.%d", &n); err == nil {
				highest = max(highest, n)
			}
		}
		next := ref.Tag(fmt.Sprintf("v0.0.%d", highest+1))
		if err := c.Create(ctx, next, commit); !errors.Is(err, registry.ErrTaken) {
			return next, err
		}
	}
}

func TestFortyClaimAtOnce(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
	reg.Put("acme/web", "v0.0.9", randomImage(t, 10, 1))
	reg.Put("acme/web", "v0.0.10", randomImage(t, 10, 1))
	var mu sync.Mutex
	got := map[string]map[ref.Tag]int{}
	var group sync.WaitGroup
	for i := range 40 {
		who := commit(max(i-9, 0)) // ten jobs of the first commit
		group.Go(func() {
			tag, err := allocate(t.Context(), claims(t, reg), who)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if got[who] == nil {
				got[who] = map[ref.Tag]int{}
			}
			got[who][tag]++
		})
	}
	group.Wait()
	owner := map[ref.Tag]string{}
	for who, tags := range got {
		if len(tags) != 1 {
			t.Errorf("commit %s has %v", who, tags)
		}
		for tag := range tags {
			if owner[tag] != "" {
				t.Errorf("%s is of both %s and %s", tag, owner[tag], who)
			}
			owner[tag] = who
		}
	}
	if len(owner) != 31 || got[commit(0)] == nil {
		t.Errorf("31 commits have %d versions: %v", len(owner), owner)
	}
	for _, tag := range []ref.Tag{"v0.0.9", "v0.0.10"} {
		if owner[tag] != "" {
			t.Errorf("%s was there before", tag)
		}
	}
}

// What one run leaves to the next: the version of its commit, and the room for
// the image of it.
func TestClaimThenPush(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
	reg.Put("acme/web", "pr-7", randomImage(t, 10, 1))
	c := claims(t, reg)
	if err := c.Create(t.Context(), "v0.0.7", commit(1)); err != nil {
		t.Fatal(err)
	}
	r := request(t, c.Repository)
	r.Tags = []registry.Tag{{Name: "v0.0.7", Rule: registry.Fixed}}
	if _, err := newClient().Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if err := c.Create(t.Context(), "v0.0.8", commit(2)); err != nil {
		t.Fatal(err)
	}
	for who, want := range map[string]map[ref.Tag]string{
		commit(1): {"pr-7": "", "v0.0.7": commit(1), "v0.0.8": ""},
		commit(2): {"pr-7": "", "v0.0.7": "", "v0.0.8": commit(2)},
		commit(3): {"pr-7": "", "v0.0.7": "", "v0.0.8": ""},
	} {
		got, err := c.List(t.Context(), who)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(who, err, diff)
		}
	}
}

func TestCommitOfAVersion(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
	c := claims(t, reg)
	reg.Put("acme/web", "v0.0.6", randomImage(t, 10, 1))
	reg.Put("acme/web", "claim-v0.0.5", randomImage(t, 10, 1))
	if err := c.Create(t.Context(), "v0.0.7", commit(1)); err != nil {
		t.Fatal(err)
	}
	// A run that claimed a second version for the commit, and found that it has one.
	if err := c.Create(t.Context(), "v0.0.8", commit(1)); !errors.Is(err, registry.ErrTaken) {
		t.Fatal(err)
	}
	// A run that was killed before it said which version its commit has.
	reg.Fail(testkit.RegistryFailure{Method: "PUT", Path: "/manifests/claim-of-", Status: 500})
	if err := c.Create(t.Context(), "v0.0.9", commit(2)); err == nil {
		t.Fatal("it was not killed")
	}
	for version, want := range map[ref.Tag]string{
		"v0.0.5": "", "v0.0.6": "", "v0.0.7": commit(1), "v0.0.8": "", "v0.0.9": "", "v0.0.10": "",
	} {
		if got, err := c.Commit(t.Context(), version); err != nil || got != want {
			t.Errorf("%s is of %q, want %q: %v", version, got, want, err)
		}
	}
	_, err := c.Commit(t.Context(), "cms/v0.0.7")
	check(t, err, "E_TAG", "is not an image tag", "")
	reg.Fail(testkit.RegistryFailure{Method: "GET", Path: "/manifests/", Status: 500})
	_, err = c.Commit(t.Context(), "v0.0.7")
	check(t, err, "E_REGISTRY", "500", "")
}

func TestClaimsOfNothing(t *testing.T) {
	reg := testkit.NewRegistry(t)
	got, err := claims(t, reg).List(t.Context(), commit(1))
	if err != nil || len(got) != 0 {
		t.Errorf("got %v and %v", got, err)
	}
}

// A second claim costs one request for the proof, and none for blobs.
func TestRequestsOfAClaim(t *testing.T) {
	reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
	c := claims(t, reg)
	if err := c.Create(t.Context(), "v0.0.1", commit(1)); err != nil {
		t.Fatal(err)
	}
	reg.Forget()
	if err := c.Create(t.Context(), "v0.0.2", commit(2)); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, asked := range reg.Requests() {
		if !strings.HasSuffix(asked, "/v2/") {
			got = append(got, asked)
		}
	}
	number, own := "/v2/acme/web/manifests/claim-v0.0.2", "/v2/acme/web/manifests/claim-of-"+commit(2)
	empty := "/v2/acme/web/blobs/sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
	want := []string{"HEAD " + empty, "PUT " + number, "PUT " + number, "GET " + number, "PUT " + own, "GET " + own}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTaken(t *testing.T) {
	for name, test := range map[string]struct {
		tag    ref.Tag
		commit string
		want   error
	}{
		"another commit":              {"v0.0.7", commit(2), registry.ErrTaken},
		"the same again":              {"v0.0.7", commit(1), nil},
		"the commit has another":      {"v0.0.8", commit(1), registry.ErrTaken},
		"the placeholder is an image": {"v0.0.6", commit(2), registry.ErrTaken},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
			reg.Put("acme/web", "claim-v0.0.6", randomImage(t, 10, 1))
			c := claims(t, reg)
			if err := c.Create(t.Context(), "v0.0.7", commit(1)); err != nil {
				t.Fatal(err)
			}
			before := reg.Digest("acme/web", "claim-v0.0.7")
			if err := c.Create(t.Context(), test.tag, test.commit); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if got := reg.Digest("acme/web", "claim-v0.0.7"); got != before {
				t.Error("the first claim was overwritten")
			}
		})
	}
}

// Answers that are lost, late or false. What the tags hold decides.
func TestClaimInTrouble(t *testing.T) {
	number, own := "/manifests/claim-v0.0.7", "/manifests/claim-of-"
	put := func(path string, skip, times int, f testkit.RegistryFailure) testkit.RegistryFailure {
		f.Method, f.Path, f.Skip, f.Times = "PUT", path, skip, times
		return f
	}
	get := func(path string, times, status int) testkit.RegistryFailure {
		return testkit.RegistryFailure{Method: "GET", Path: path, Times: times, Status: status}
	}
	lost, unheard := testkit.RegistryFailure{Reset: true, Done: true}, testkit.RegistryFailure{Reset: true}
	created := testkit.RegistryFailure{Status: http.StatusCreated}
	for name, test := range map[string]struct {
		theirs string // tag that another run writes before us
		answer testkit.RegistryFailure
		taken  bool
		code   string
		told   string
	}{
		"the version's answer is lost":          {answer: put(number, 0, 1, lost)},
		"the version's answers are all lost":    {answer: put(number, 0, 3, lost)},
		"the version's request is lost":         {answer: put(number, 0, 1, unheard)},
		"the version's requests are all lost":   {answer: put(number, 0, 3, unheard), code: "E_REGISTRY_UNREACHABLE"},
		"the version is done, and refused":      {answer: put(number, 0, 1, testkit.RegistryFailure{Done: true, Status: 504})},
		"the proof's answer is lost":            {answer: put(number, 1, 1, lost)},
		"the proof's requests are all lost":     {answer: put(number, 1, 3, unheard), code: "E_REGISTRY_UNREACHABLE"},
		"the commit's answer is lost":           {answer: put(own, 0, 1, lost)},
		"the commit's answers are all lost":     {answer: put(own, 0, 3, lost)},
		"the commit's requests are all lost":    {answer: put(own, 0, 3, unheard), code: "E_REGISTRY_UNREACHABLE"},
		"the version is seen late":              {answer: get(number, 2, 404)},
		"the version is never seen":             {answer: get(number, 0, 404), code: "E_PUSH_VERIFY", told: "claim-v0.0.7 was written"},
		"the version cannot be read":            {answer: get(number, 0, 403), code: "E_PUSH_DENIED", told: "403"},
		"the commit is seen late":               {answer: get(own, 2, 404)},
		"another run's, and created, it says":   {theirs: "claim-v0.0.7", answer: put(number, 0, 1, created), taken: true},
		"another job's, and created, it says":   {theirs: "claim-of-" + commit(1), answer: put(own, 0, 1, created), taken: true},
		"another run's, and the answer lost":    {theirs: "claim-v0.0.7", answer: put(number, 0, 3, unheard), taken: true},
		"the proof comes too often":             {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 429}), code: "E_REGISTRY_LIMIT"},
		"the proof breaks":                      {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 500}), code: "E_REGISTRY"},
		"the proof is refused, but not why":     {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "no"}), code: "E_CLAIM_UNSAFE", told: "nothing shows"},
		"the proof is refused by Harbor":        {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 412, Code: "PRECONDITION", Message: "Failed to process request due to 'web:claim-v0.0.7' configured as immutable."})},
		"the proof is refused by Alibaba":       {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 403, Code: "DENIED", Message: "The requested tag already exists and cannot be overwritten."})},
		"the proof is refused by Nexus":         {answer: put(number, 1, 0, testkit.RegistryFailure{Status: 400, Code: "BLOB_UPLOAD_INVALID", Message: "Repository does not allow updating assets: docker-hosted"})},
		"the version is refused, free as it is": {answer: put(number, 0, 0, testkit.RegistryFailure{Status: 400, Code: "TAG_INVALID", Message: "no such names"}), code: "E_REGISTRY", told: "no such names"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, testkit.RegistryImmutable())
			if test.theirs != "" {
				other := testkit.NewRegistry(t, testkit.RegistryImmutable())
				if err := claims(t, other).Create(t.Context(), "v0.0.5", commit(5)); err != nil {
					t.Fatal(err)
				}
				reg.Put("acme/web", test.theirs, pulled(t, other.Host+"/acme/web:claim-v0.0.5"))
			}
			reg.Fail(test.answer)
			err := claims(t, reg).Create(t.Context(), "v0.0.7", commit(1))
			switch {
			case test.taken:
				if !errors.Is(err, registry.ErrTaken) {
					t.Errorf("got %v", err)
				}
			case test.code != "":
				check(t, err, test.code, test.told, "")
			case err != nil:
				t.Error(err)
			default:
				used, err := claims(t, reg).List(t.Context(), commit(1))
				if diff := cmp.Diff(map[ref.Tag]string{"v0.0.7": commit(1)}, used); err != nil || diff != "" {
					t.Error(err, diff)
				}
			}
		})
	}
}

// pulled is what a registry holds.
func pulled(t *testing.T, reference string) v1.Image {
	t.Helper()
	parsed, err := name.ParseReference(reference)
	if err != nil {
		t.Fatal(err)
	}
	img, err := remote.Image(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Whoever can overwrite a placeholder can take a version away.
func TestMutableRepositoryGivesNoVersions(t *testing.T) {
	for name, test := range map[string]struct {
		path   string
		answer testkit.RegistryFailure
		hint   string
	}{
		"overwritten":                 {path: "acme/web", hint: "let numbers be claimed as git tags"},
		"overwritten, answer lost":    {path: "acme/web", answer: testkit.RegistryFailure{Method: "PUT", Path: "/manifests/", Times: 1, Reset: true, Done: true}},
		"immutable is but its name":   {path: "acme/immutable-web", answer: testkit.RegistryFailure{Method: "PUT", Path: "/manifests/", Skip: 1, Status: 403, Code: "DENIED", Message: "no rights at acme/immutable-web"}},
		"immutable is but its folder": {path: "immutables/web", answer: testkit.RegistryFailure{Method: "PUT", Path: "/manifests/", Skip: 1, Status: 403, Code: "DENIED", Message: "no rights in immutables"}},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			if test.answer.Method != "" {
				reg.Fail(test.answer)
			}
			client := newClient()
			var first string
			client.Transport = after{http: remote.DefaultTransport, method: "PUT", part: "/manifests/",
				then: nth(1, func() { first = reg.Digest(test.path, "claim-v0.0.7") })}
			c := registry.Claims{Client: client, Repository: repository(t, reg.Host+"/"+test.path)}
			err := c.Create(t.Context(), "v0.0.7", commit(1))
			if last := reg.Digest(test.path, "claim-v0.0.7"); last == first && test.answer.Status == 0 {
				t.Error("what was written on trial is what was there, and proves nothing")
			}
			check(t, err, "E_CLAIM_UNSAFE", reg.Host+"/"+test.path, test.hint)
			if reg.Digest(test.path, "claim-of-"+commit(1)) != "" {
				t.Error("the commit has a version")
			}
		})
	}
}

func TestManyClaimAtOnceWhereTagsMove(t *testing.T) {
	reg := testkit.NewRegistry(t)
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			if tag, err := allocate(t.Context(), claims(t, reg), commit(i)); !fault.Is(err, "E_CLAIM_UNSAFE") {
				t.Errorf("got %s and %v", tag, err)
			}
		})
	}
	group.Wait()
}

func TestClaimRefused(t *testing.T) {
	long := ref.Tag("v0.0.1-" + strings.Repeat("a", 120))
	for name, test := range map[string]struct {
		options []testkit.RegistryOption
		tag     ref.Tag
		commit  string
		code    string
	}{
		"may not push":   {[]testkit.RegistryOption{testkit.RegistryDenies("acme/")}, "v0.0.7", commit(1), "E_PUSH_DENIED"},
		"no repository":  {[]testkit.RegistryOption{testkit.RegistryLacks("acme/")}, "v0.0.7", commit(1), "E_REPOSITORY_MISSING"},
		"no login":       {[]testkit.RegistryOption{testkit.RegistryLogin("bot", "secret")}, "v0.0.7", commit(1), "E_REGISTRY_AUTH"},
		"no commit":      {nil, "v0.0.7", "", "E_COMMIT_UNKNOWN"},
		"a short commit": {nil, "v0.0.7", "1a2b3c4", "E_COMMIT_UNKNOWN"},
		"no version":     {nil, "", commit(1), "E_TAG"},
		"no tag":         {nil, "cms/v0.0.7", commit(1), "E_TAG"},
		"a long version": {nil, long, commit(1), "E_TAG"},
		"a commit's":     {nil, "of-" + ref.Tag(commit(2)), commit(1), "E_TAG"},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t, test.options...)
			err := claims(t, reg).Create(t.Context(), test.tag, test.commit)
			check(t, err, test.code, "", "")
			if n := reg.Count("PUT", "/manifests/"); n != 0 {
				t.Errorf("%d manifests were written", n)
			}
		})
	}
}

func TestListOfClaimsFails(t *testing.T) {
	reg := testkit.NewRegistry(t)
	reg.Put("acme/web", "claim-of-"+commit(1), randomImage(t, 10, 1))
	_, err := claims(t, reg).List(t.Context(), commit(1))
	check(t, err, "E_TAG_TAKEN", "claim-of-"+commit(1)+" holds no claim", "remove this tag")
	_, err = claims(t, reg).List(t.Context(), "main")
	check(t, err, "E_COMMIT_UNKNOWN", `"main"`, "40 hex digits")
	reg.Fail(testkit.RegistryFailure{Path: "/tags/list", Status: 403, Code: "DENIED", Message: "denied"})
	if _, err = claims(t, reg).List(t.Context(), commit(2)); !errors.Is(err, registry.ErrHidden) {
		t.Errorf("got %v", err)
	}
}

// The remedy depends on the registry. All of these take whatever is written.
func TestHintsForUnsafeClaims(t *testing.T) {
	takes := distant(func(request *http.Request) (int, http.Header, string) {
		if request.Method == http.MethodPut {
			return 201, nil, ""
		}
		return 200, nil, ""
	})
	for image, want := range map[string]string{
		"ghcr.io/acme/web":   "let numbers be claimed as git tags: tags at ghcr.io can always be overwritten",
		"docker.io/acme/web": "claim-.* (Settings → General → Tag mutability)",
		"111122223333.dkr.ecr.eu-west-1.amazonaws.com/acme/web": "aws ecr put-image-tag-mutability --repository-name acme/web --image-tag-mutability IMMUTABLE",
		"registry.example.com/acme/web":                         "Harbor: a tag immutability rule",
	} {
		t.Run(image, func(t *testing.T) {
			client := newClient()
			client.Transport = takes
			c := registry.Claims{Client: client, Repository: repository(t, image)}
			check(t, c.Create(t.Context(), "v0.0.7", commit(1)), "E_CLAIM_UNSAFE", image+": its tag claim-v0.0.7 was overwritten on trial", want)
		})
	}
}
