package registry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/ref"
	"github.com/seed-96940006/tagboat/internal/testkit"
)

const subjectDigest = ref.Digest("sha256:1111111111111111111111111111111111111111111111111111111111111111")

// attachedDigest is a digest by its last digits.
func attachedDigest(n int) string { return fmt.Sprintf("sha256:%064d", n) }

// listOf is an index of what is attached.
func listOf(digests ...int) string {
	entries := []map[string]any{}
	for _, n := range digests {
		entries = append(entries, map[string]any{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": attachedDigest(n), "size": 1, "artifactType": fmt.Sprintf("kind/%d", n)})
	}
	text, _ := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries})
	return string(text)
}

const indexType = "application/vnd.oci.image.index.v1+json"

// answers is a registry that gives fixed answers by path and query.
type answers map[string]func(http.ResponseWriter)

func (a answers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for end, answer := range a {
		if strings.HasSuffix(r.URL.RequestURI(), end) {
			answer(w)
			return
		}
	}
	if r.URL.Path != "/v2/" {
		w.WriteHeader(http.StatusNotFound)
	}
}

// saying is an answer of a kind, with the address of the next page or "".
func saying(status int, kind, body, next string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", kind)
		if next != "" {
			w.Header().Set("Link", "<"+next+`>; rel="next"`)
		}
		w.Header().Set("Docker-Content-Digest", attachedDigest(9))
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(status)
		w.Write([]byte(body))
	}
}

func TestReferrersAreFoundInThreePlaces(t *testing.T) {
	const (
		api      = "/referrers/" + string(subjectDigest)
		fallback = "/manifests/sha256-1111111111111111111111111111111111111111111111111111111111111111"
		tags     = "/tags/list?n=1000"
	)
	tag := strings.TrimPrefix(fallback, "/manifests/")
	page := "/v2/acme/web" + api + "?page=2"
	for name, test := range map[string]struct {
		answers answers
		want    string
		code    string
	}{
		"nothing at all":           {answers{}, "", ""},
		"the API":                  {answers{api: saying(200, indexType, listOf(1, 2), "")}, "1 2", ""},
		"the API, in pages":        {answers{api: saying(200, indexType, listOf(1), page), "page=2": saying(200, indexType, listOf(2), "")}, "1 2", ""},
		"the API, with a charset":  {answers{api: saying(200, indexType+"; charset=utf-8", listOf(1), "")}, "1", ""},
		"an empty API, and cosign": {answers{api: saying(200, indexType, listOf(), ""), fallback + ".sig": saying(200, indexType, "{}", "")}, "9.sig", ""},
		"no API":                   {answers{fallback: saying(200, indexType, listOf(1), "")}, "1", ""},
		"an API that is not there": {answers{api: saying(405, "text/plain", "", ""), fallback: saying(200, indexType, listOf(1), "")}, "1", ""},
		"an API that is a bad one": {answers{api: saying(501, "text/plain", "", ""), fallback: saying(200, indexType, listOf(1), "")}, "1", ""},
		"the API, called JSON":     {answers{api: saying(200, "application/json", listOf(1), "")}, "1", ""},
		"no list of tags counts": {answers{tags: saying(200, "application/json", `{"tags":["main"]}`, ""),
			fallback: saying(200, indexType, listOf(1), ""), fallback + ".att": saying(200, indexType, "{}", "")}, "1 9.att", ""},
		"a tag from before the API":      {answers{api: saying(200, indexType, listOf(1), ""), fallback: saying(200, indexType, listOf(1, 2), "")}, "1 2", ""},
		"such a tag cannot be asked for": {answers{api: saying(200, indexType, listOf(1), ""), fallback: saying(500, "", "", "")}, "", "E_REGISTRY"},
		"may not ask":                    {answers{api: saying(403, "application/json", `{"errors":[{"code":"DENIED"}]}`, "")}, "", "E_PULL_DENIED"},
		"pages in a circle":              {answers{api: saying(200, indexType, listOf(1), page), "page=2": saying(200, indexType, listOf(2), page)}, "", "E_REGISTRY"},
		"a page elsewhere":               {answers{api: saying(200, indexType, listOf(1), "https://elsewhere.example/v2/")}, "", "E_REGISTRY"},
		"no list":                        {answers{api: saying(200, indexType, `{"errors":[]}`, "")}, "", "E_REGISTRY"},
		"a page of HTML":                 {answers{api: saying(200, "text/html", "<html>", ""), fallback: saying(200, indexType, listOf(1), "")}, "", "E_NO_REGISTRY"},
		"JSON of something else":         {answers{api: saying(200, "application/json", `{"ok":true}`, ""), fallback: saying(200, indexType, listOf(1), "")}, "", "E_REGISTRY"},
		"a digest of another kind":       {answers{api: saying(200, indexType, `{"manifests":[{"digest":"sha512:`+strings.Repeat("0", 128)+`"}]}`, "")}, "", "E_REGISTRY"},
		"such a digest under a tag":      {answers{fallback: saying(200, indexType, `{"manifests":[{"digest":"sha512:`+strings.Repeat("0", 128)+`"}]}`, "")}, "", "E_REGISTRY"},
		"an entry under a tag":           {answers{fallback: saying(200, indexType, `{"manifests":[1]}`, "")}, "", "E_REGISTRY"},
		"no JSON":                        {answers{api: saying(200, indexType, `<html>`, "")}, "", "E_REGISTRY"},
		"no digest":                      {answers{api: saying(200, indexType, `{"manifests":[{"digest":"x"}]}`, "")}, "", "E_REGISTRY"},
		"a tag that is no list":          {answers{fallback: saying(200, indexType, `{"layers":[]}`, "")}, "", "E_REGISTRY"},
		"trouble":                        {answers{api: saying(500, "text/plain", "", "")}, "", "E_REGISTRY"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answers)
			defer server.Close()
			host := strings.TrimPrefix(server.URL, "http://")
			found, err := newClient().Referrers(t.Context(), repository(t, host+"/acme/web"), subjectDigest)
			if test.code != "" {
				check(t, err, test.code, host+"/acme/web", "")
				return
			}
			var got []string
			for _, r := range found {
				digest := string(r.Digest)
				got = append(got, digest[len(digest)-1:]+strings.TrimPrefix(string(r.Tag), tag))
			}
			if err != nil || strings.Join(got, " ") != test.want {
				t.Errorf("found %q, %v; want %s", got, err, test.want)
			}
		})
	}
}

// GitLab takes the fallback tag for the digest in it, and gives the index itself,
// whose own parts are not attached to it.
func TestReferrersWhereTheFallbackTagIsTheImage(t *testing.T) {
	reg := withAPI(t, false)
	signed := putSignedFor(t, reg, "amd64")
	index := digestOf(t, signed.index)
	reg.Put("acme/web", "sha256-"+string(index)[len("sha256:"):], signed.index)
	found, err := newClient().Referrers(t.Context(), repository(t, reg.Host+"/acme/web"), index)
	if err != nil || len(found) != 1 || !strings.HasSuffix(string(found[0].Tag), ".sig") {
		t.Errorf("found %v, %v; want cosign's tag alone", found, err)
	}
}

// An index of ten images is asked about with a few requests, not with forty: the API,
// the four tags of the index, and those that the list of tags has.
func TestWhereThereIsNoAPIAListOfTagsTells(t *testing.T) {
	from, to := withAPI(t, false), withAPI(t, false)
	signed := putSigned(t, from)
	if _, err := newClient().Promote(t.Context(), signed.promotion(t, repository(t, to.Host+"/team/web"))); err != nil {
		t.Fatal(err)
	}
	if n := from.Count("GET", "/referrers/") + from.Count("HEAD", ""); n > 5 {
		t.Errorf("%d questions: %q", n, from.Requests())
	}
}

func TestABlobIsReadWithinBounds(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 100, 1)
	reg.Put("acme/web", "v1", img)
	want, err := img.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	name, err := img.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	repo := repository(t, reg.Host+"/acme/web")
	got, err := newClient().Blob(t.Context(), repo, ref.Digest(name.String()), int64(len(want)))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %d bytes, %v; want %d", len(got), err, len(want))
	}
	_, err = newClient().Blob(t.Context(), repo, ref.Digest(name.String()), int64(len(want))-1)
	check(t, err, "E_REGISTRY", "more than", "")
	_, err = newClient().Blob(t.Context(), repo, subjectDigest, 10)
	check(t, err, "E_IMAGE_MISSING", reg.Host+"/acme/web", "")
	reg.Fail(testkit.RegistryFailure{Method: "GET", Path: "/blobs/", Status: 200, Body: strings.Repeat("x", len(want))})
	if _, err := newClient().Blob(t.Context(), repo, ref.Digest(name.String()), 1<<20); err == nil || fault.Code(err) == "E_UNEXPECTED" {
		t.Errorf("other bytes than the digest's were taken: %v", err)
	}
}

func TestManifestBytesAreThoseOfTheRegistry(t *testing.T) {
	reg := testkit.NewRegistry(t)
	img := randomImage(t, 100, 1)
	reg.Put("acme/web", "v1", img)
	want, err := img.RawManifest()
	if err != nil {
		t.Fatal(err)
	}
	got, kind, err := newClient().ManifestBytes(t.Context(), image(t, reg.Host+"/acme/web:v1"))
	if err != nil || kind != "application/vnd.docker.distribution.manifest.v2+json" {
		t.Errorf("%s, %v", kind, err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}
