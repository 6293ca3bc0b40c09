package build

import (
	"runtime"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// host is the platform of this machine as images see it: containers are Linux
// also on a Mac.
func host() v1.Platform {
	return normalize(v1.Platform{OS: "linux", Architecture: runtime.GOARCH})
}

// parsePlatform reads os/arch[/variant]; it fails with E_BUILD_PLATFORM.
func parsePlatform(s string) (v1.Platform, error) {
	parts := strings.Split(strings.ToLower(s), "/")
	odd := func(part string) bool { return !platformPart.MatchString(part) }
	switch {
	case strings.ContainsAny(strings.TrimSpace(s), ",; \t\r\n"):
		return v1.Platform{}, fault.Newf("E_BUILD_PLATFORM",
			"one platform a build; for several let docker/build-push-action write an archive, and push that: docs/recipes.md, \"Build secrets, caches, several platforms\"",
			"%q is more than one platform", s)
	case len(parts) < 2 || len(parts) > 3 || slices.ContainsFunc(parts, odd):
		return v1.Platform{}, fault.Newf("E_BUILD_PLATFORM", "a platform is os/arch[/variant], such as linux/amd64 or linux/arm64",
			"%q is not a platform", s)
	}
	p := v1.Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		p.Variant = parts[2]
	}
	return normalize(p), nil
}

// platformPart is what an operating system, an architecture and a variant are made of.
var platformPart = pattern.New(`^[a-z0-9][a-z0-9._-]*$`)

// architectures are the other names of an architecture, as containerd reads them.
var architectures = map[string]v1.Platform{
	"x86_64":  {Architecture: "amd64"},
	"x86-64":  {Architecture: "amd64"},
	"i386":    {Architecture: "386"},
	"aarch64": {Architecture: "arm64"},
	"armhf":   {Architecture: "arm", Variant: "v7"},
	"armel":   {Architecture: "arm", Variant: "v6"},
}

// normalize gives a platform its one spelling: arm64/v8 is arm64, arm is arm/v7.
func normalize(p v1.Platform) v1.Platform {
	if other, ok := architectures[p.Architecture]; ok {
		p.Architecture, p.Variant = other.Architecture, other.Variant
	}
	switch p.Architecture + "/" + p.Variant {
	case "arm64/v8", "arm64/8", "amd64/v1":
		p.Variant = ""
	case "arm/", "arm/7":
		p.Variant = "v7"
	case "arm/5", "arm/6", "arm/8":
		p.Variant = "v" + p.Variant
	}
	return p
}

// fits says how well an image for have runs on want: 0 is best, -1 not at all.
// An arm of a lower version runs on a higher one.
func fits(have, want v1.Platform) int {
	have, want = normalize(have), normalize(want)
	switch {
	case have.OS != want.OS || have.Architecture != want.Architecture:
		return -1
	case have.Variant == want.Variant:
		return 0
	case want.Architecture == "arm" && have.Variant < want.Variant:
		return int(want.Variant[len(want.Variant)-1]) - int(have.Variant[len(have.Variant)-1])
	case have.Variant == "":
		return 10
	}
	return -1
}

// choose picks the image of an index that fits best. Attestations, whose
// platform is unknown/unknown, never do.
func choose(index *v1.IndexManifest, want v1.Platform) (v1.Descriptor, bool) {
	best, found := -1, v1.Descriptor{}
	for _, d := range index.Manifests {
		if d.Platform == nil || !(d.MediaType.IsImage()) {
			continue
		}
		if fit := fits(*d.Platform, want); fit >= 0 && (best < 0 || fit < best) {
			best, found = fit, d
		}
	}
	return found, best >= 0
}
