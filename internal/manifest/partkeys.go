package manifest

import (
	"slices"
	"strings"
)

// partWords are the last words of the keys that hold parts of a reference.
var partWords = []string{"tag", "digest", "sha", "version", "registry", "repository", "repo", "name", "image"}

// partOf takes a key apart: rancherImageTag is the imagetag of rancher, image_tag
// that of "". The part is "" where the key is none of a reference's.
func partOf(key string) (of, part string) {
	for _, word := range partWords {
		before, ok := cutWord(key, word)
		if !ok {
			continue
		}
		if of, ok := cutWord(before, "image"); ok && word != "image" {
			return of, "image" + word
		}
		return before, word
	}
	return "", ""
}

// cutWord cuts a last word off, in whatever case and behind whatever separator.
func cutWord(key, word string) (before string, ok bool) {
	at := len(key) - len(word)
	if at < 0 || !strings.EqualFold(key[at:], word) {
		return key, false
	}
	return strings.TrimRight(key[:at], "_-"), true
}

// group is the fields of a mapping whose keys begin alike, by their parts.
type group struct {
	of     string // what the keys begin with: rancher, or ""
	fields []field
}

// strayDigest is a digest in a mapping that is an image, which is not the one of
// its parts: genericDigest.
func strayDigest(fields []field, p parts, at context) scalar {
	if !isImageKey(at.key) {
		return scalar{}
	}
	for _, f := range fields {
		if _, part := partOf(f.key); part == "digest" && f.value.node != nil &&
			f.value.node != p.digest.node && hexDigest.MatchString(f.value.value()) {
			return f.value
		}
	}
	return scalar{}
}

// groups are those with a tag or a digest. The words repo and version stand for
// many things: they count only in a mapping that is an image.
func groups(fields []field, at context) []group {
	var all []group
	index := map[string]int{}
	for _, f := range fields {
		of, part := partOf(f.key)
		if f.value.node == nil || !slices.Contains(tagKeys, part) && !slices.Contains(digestKeys, part) {
			continue
		}
		if _, known := index[of]; !known {
			index[of] = len(all)
			all = append(all, group{of: of})
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, f := range fields {
		of, part := partOf(f.key)
		if i, known := index[of]; known && part != "" && (part != "repo" && part != "version" || isImageKey(at.key)) {
			f.key = part
			all[i].fields = append(all[i].fields, f)
		}
	}
	return all
}
