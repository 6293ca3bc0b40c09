package registry_test

import (
	"bytes"
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/registry"
	"github.com/seed-96940006/tagboat/internal/testkit"
	"github.com/seed-96940006/tagboat/internal/testkit/sample"
)

func TestPushSendsOnceAndInOrder(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"acme/web v0.0.7 pushed", "acme/web main pushed", "acme/web latest pushed"}
	if diff := cmp.Diff(want, short(pushed)); diff != "" {
		t.Error(diff)
	}
	if first := pushed[0]; first.Blobs != 4 || first.Skipped != 0 || first.Sent < 3<<10 {
		t.Errorf("the first tag carried %+v, want 4 blobs of 3 KiB and more", first)
	}
	if second := pushed[1]; second.Blobs != 0 || second.Sent == 0 {
		t.Errorf("the second tag carried %+v, want the manifest alone", second)
	}
	var puts []string
	for _, line := range reg.Requests() {
		if tag, ok := strings.CutPrefix(line, "PUT /v2/acme/web/manifests/"); ok {
			puts = append(puts, tag)
		}
	}
	if diff := cmp.Diff([]string{string(r.Digest), "v0.0.7", "main", "latest"}, puts); diff != "" {
		t.Error(diff)
	}
	for _, tag := range puts {
		if got := reg.Digest("acme/web", tag); got != string(r.Digest) {
			t.Errorf("%s is %q, want %s", tag, got, r.Digest)
		}
	}
}

func TestSecondPushOnlyAsks(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	client := newClient()
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	asked := []string{"HEAD /v2/acme/web/manifests/v0.0.7", "HEAD /v2/acme/web/manifests/main", "HEAD /v2/acme/web/manifests/latest"}
	want := []string{"acme/web v0.0.7 already", "acme/web main already", "acme/web latest already"}
	for name, test := range map[string]struct {
		client *registry.Client
		asked  []string
	}{
		"the same client greets nobody again": {client, asked},
		"another one":                         {newClient(), append([]string{"GET /v2/"}, asked...)},
	} {
		t.Run(name, func(t *testing.T) {
			reg.Forget()
			pushed, err := test.client.Push(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, short(pushed)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.asked, reg.Requests()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMovedTagNeedsTheManifestAlone(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	client := newClient()
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	reg.Put("acme/web", "main", randomImage(t, 100, 1))
	reg.Forget()
	pushed, err := client.Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"acme/web v0.0.7 already", "acme/web main pushed", "acme/web latest already"}
	if diff := cmp.Diff(want, short(pushed)); diff != "" {
		t.Error(diff)
	}
	if n := reg.Count("HEAD", "/blobs/") + reg.Count("POST", ""); n != 0 {
		t.Errorf("%d requests for blobs that the registry is known to have", n)
	}
}

func TestVersionOfAnImageThatIsThere(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	reg.Put("acme/web", "main", layoutImage(t, r))
	r.Tags = []registry.Tag{{Name: "main"}, {Name: "v0.0.7", Rule: registry.Fixed}}
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"acme/web v0.0.7 pushed", "acme/web main already"}, short(pushed)); diff != "" {
		t.Error(diff)
	}
	if n := reg.Count("HEAD", "/blobs/") + reg.Count("POST", ""); n != 0 {
		t.Errorf("%d requests for blobs that the registry is known to have", n)
	}
	want := reg.Host + "/acme/web:v0.0.7@" + string(r.Digest)
	if got := pushed[0].Image().String(); got != want {
		t.Errorf("pushed %s, want %s", got, want)
	}
}

// A tag for a commit keeps the first image it got, and that is no error: the tag
// of the pull request beside it moves on.
func TestTheFirstImageKeepsTheNameOfItsCommit(t *testing.T) {
	reg := testkit.NewRegistry(t)
	r := request(t, repository(t, reg.Host+"/acme/web"))
	r.Tags = []registry.Tag{{Name: "pr-7"}, {Name: "sha-1a2b3c", Rule: registry.First}}
	first, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	later := request(t, r.Repositories...)
	later.Tags = r.Tags
	second, err := newClient().Push(t.Context(), later)
	if err != nil {
		t.Fatal(err)
	}
	got := append(short(first), short(second)...)
	want := []string{"acme/web sha-1a2b3c pushed", "acme/web pr-7 pushed", "acme/web sha-1a2b3c kept", "acme/web pr-7 pushed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if second[0].Digest != r.Digest || second[1].Digest != later.Digest {
		t.Errorf("digests %s and %s", second[0].Digest, second[1].Digest)
	}
	for tag, digest := range map[string]ref.Digest{"sha-1a2b3c": r.Digest, "pr-7": later.Digest} {
		now, err := newClient().Resolve(t.Context(), ref.Image{Repository: r.Repositories[0], Tag: ref.Tag(tag)})
		if err != nil || now != digest {
			t.Errorf("%s is %s, %v; want %s", tag, now, err, digest)
		}
	}
}

func TestTakenVersionSendsNothingAnywhere(t *testing.T) {
	free, taken := testkit.NewRegistry(t), testkit.NewRegistry(t)
	other := randomImage(t, 100, 1)
	taken.Put("acme/web", "v0.0.7", other)
	r := request(t, repository(t, free.Host+"/acme/web"), repository(t, taken.Host+"/acme/web"))
	pushed, err := newClient().Push(t.Context(), r)
	if code := fault.Code(err); code != "E_TAG_TAKEN" || len(fault.All(err)) != 1 {
		t.Fatalf("got %s: %v", code, err)
	}
	for _, digest := range []ref.Digest{r.Digest, digestOf(t, other)} {
		if !strings.Contains(err.Error(), string(digest)) {
			t.Errorf("%v\ndoes not name %s", err, digest)
		}
	}
	if len(pushed) != 0 {
		t.Errorf("got results %v", short(pushed))
	}
	for _, line := range append(free.Requests(), taken.Requests()...) {
		if !strings.HasPrefix(line, "HEAD ") && line != "GET /v2/" {
			t.Errorf("sent %s", line)
		}
	}
}

func TestIndexGoesWithItsChildren(t *testing.T) {
	reg := testkit.NewRegistry(t)
	dir, digest := onDisk(t, sample.Index(t, 100, 2, 3))
	_, err := newClient().Push(t.Context(), registry.PushRequest{
		Layout: dir, Digest: digest, Tags: []registry.Tag{{Name: "main"}},
		Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := reg.Digest("acme/web", "main"); got != string(digest) {
		t.Errorf("got %s, want %s", got, digest)
	}
}

func TestProgressNowAndThen(t *testing.T) {
	img := randomImage(t, 1<<20, 1)
	dir, digest := onDisk(t, img)
	from := testkit.NewRegistry(t)
	from.Put("acme/web", "main", img)
	for name, source := range map[string]registry.PushRequest{
		"layout":   {Layout: dir, Digest: digest},
		"registry": {From: image(t, from.Host+"/acme/web:main")},
	} {
		t.Run(name, func(t *testing.T) {
			reg := testkit.NewRegistry(t)
			var log strings.Builder
			client := newClient()
			client.Log = &log
			clock := &ticking{step: 4 * time.Second} // so that a line is due at every third look
			client.Now = clock.now
			r := source
			r.Tags, r.Repositories = []registry.Tag{{Name: "main"}}, []ref.Repository{repository(t, reg.Host+"/acme/web")}
			if _, err := client.Push(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(log.String()), "\n")
			if len(lines) < 2 || len(lines) > clock.looks/3 {
				t.Errorf("%d lines at %d looks at the clock", len(lines), clock.looks)
			}
			form := regexp.MustCompile(`^` + reg.Host + `/acme/web: \d\.\d of 1\.0 MB, [012] of 2 blobs, \d\.\d MB/s$`)
			for _, line := range lines[:len(lines)-1] {
				if !form.MatchString(line) {
					t.Errorf("line %q", line)
				}
			}
			last := regexp.MustCompile(`^` + reg.Host + `/acme/web: all 2 blobs are there, 1\.0 MB sent in \d+ s, \d\.\d MB/s$`)
			if end := lines[len(lines)-1]; !last.MatchString(end) {
				t.Errorf("the last line is %q", end)
			}
		})
	}
}

// ticking is a clock that goes on by a step at every look.
type ticking struct {
	step  time.Duration
	mu    sync.Mutex
	looks int
}

func (c *ticking) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks++
	return time.Unix(0, 0).Add(time.Duration(c.looks) * c.step)
}

func TestSameRepositoryAndTagTwice(t *testing.T) {
	reg := testkit.NewRegistry(t)
	web := repository(t, reg.Host+"/acme/web")
	r := request(t, web, web)
	r.Tags = []registry.Tag{{Name: "v0.0.7"}, {Name: "main"}, {Name: "v0.0.7", Rule: registry.Fixed}}
	pushed, err := newClient().Push(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"acme/web v0.0.7 pushed", "acme/web main pushed"}, short(pushed)); diff != "" {
		t.Error(diff)
	}
}

func TestManyRepositories(t *testing.T) {
	reg := testkit.NewRegistry(t)
	var repositories []ref.Repository
	for _, name := range strings.Fields("a1 a2 a3 a4 a5 a6 a7 a8 a9 b1 b2 b3") {
		repositories = append(repositories, repository(t, reg.Host+"/"+name))
	}
	pushed, err := newClient().Push(t.Context(), request(t, repositories...))
	if err != nil {
		t.Fatal(err)
	}
	if len(pushed) != 3*len(repositories) {
		t.Errorf("%d references were pushed", len(pushed))
	}
	if !slices.IsSortedFunc(pushed, func(a, b registry.Pushed) int {
		return strings.Compare(a.Repository.Path(), b.Repository.Path())
	}) {
		t.Error("results are not in the order of the request")
	}
}

// Without a tag the image is there by its digest.
func TestPushWithoutTags(t *testing.T) {
	one, other := testkit.NewRegistry(t), testkit.NewRegistry(t)
	r := request(t, repository(t, one.Host+"/acme/web"), repository(t, other.Host+"/team/web"))
	r.Tags = nil
	other.Put("team/web", "main", layoutImage(t, r))
	for _, want := range []registry.Status{registry.StatusPushed, registry.StatusAlready} {
		pushed, err := newClient().Push(t.Context(), r)
		if err != nil || len(pushed) != 2 {
			t.Fatalf("pushed %v, %v", short(pushed), err)
		}
		if diff := cmp.Diff([]registry.Status{want, registry.StatusAlready}, []registry.Status{pushed[0].Status, pushed[1].Status}); diff != "" {
			t.Error(diff)
		}
		if got := pushed[0].Image().String(); got != one.Host+"/acme/web@"+string(r.Digest) {
			t.Errorf("pushed %s", got)
		}
	}
	if got := one.Digest("acme/web", string(r.Digest)); got != string(r.Digest) {
		t.Errorf("the registry has %q", got)
	}
}

// Who has the image already may be any of many repositories, more than a token is
// asked for.
func TestMountFromTheSeventhRepository(t *testing.T) {
	_, reg, client := atGHCR(testkit.GHCR{Password: s3cret}).open(t)
	var all []ref.Repository
	for _, name := range strings.Fields("a1 a2 a3 a4 a5 a6 a7") {
		all = append(all, repository(t, "ghcr.io/acme/"+name))
	}
	r := request(t, all[6])
	if _, err := client.Push(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	reg.Forget()
	r.Repositories = all
	pushed, err := client.Push(t.Context(), r)
	if err != nil || len(pushed) != 21 {
		t.Fatalf("pushed %v, %v", short(pushed), err)
	}
	if n := reg.Count("PATCH", ""); n != 0 {
		t.Errorf("sent %d blobs that the registry had", n)
	}
}

// An index names another one twice, and so on: each is sent once.
func TestPushOfNestedIndexes(t *testing.T) {
	img := randomImage(t, 10, 1)
	dir, _ := onDisk(t, img)
	one, err := partial.Descriptor(img)
	if err != nil {
		t.Fatal(err)
	}
	for range 40 {
		index := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{*one, *one}}
		one = &v1.Descriptor{MediaType: types.OCIImageIndex}
		if one.Digest, one.Size, err = writeJSON(dir, index); err != nil {
			t.Fatal(err)
		}
	}
	if err := layout.Path(dir).AppendDescriptor(*one); err != nil {
		t.Fatal(err)
	}
	reg := testkit.NewRegistry(t)
	_, err = newClient().Push(t.Context(), registry.PushRequest{
		Layout: dir, Digest: ref.Digest(one.Digest.String()), Tags: []registry.Tag{{Name: "main"}},
		Repositories: []ref.Repository{repository(t, reg.Host+"/acme/web")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := reg.Count("PUT", "/manifests/"); n != 42 {
		t.Errorf("%d manifests were written, want 41 and a tag", n)
	}
}

// writeJSON writes a blob into a layout.
func writeJSON(dir string, content any) (digest v1.Hash, size int64, err error) {
	data, err := json.Marshal(content)
	if err != nil {
		return digest, 0, err
	}
	if digest, size, err = v1.SHA256(bytes.NewReader(data)); err != nil {
		return digest, 0, err
	}
	return digest, size, layout.Path(dir).WriteBlob(digest, io.NopCloser(bytes.NewReader(data)))
}
