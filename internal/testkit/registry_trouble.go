package testkit

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
)

// RegistryReadOnly refuses to be written to, as Docker's registry does while it
// is in maintenance: without a word of the protocol.
func RegistryReadOnly() RegistryOption {
	return func(r *Registry) {
		r.manners = append(r.manners, func(w http.ResponseWriter, _ *http.Request, c call) bool {
			if c.writes {
				w.Header().Set("Allow", "GET, HEAD")
				http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
			}
			return c.writes
		})
	}
}

// RegistryFull has room for so many more bytes of blobs. What comes then fails as
// in Docker's registry, whose disk is full.
func RegistryFull(room int64) RegistryOption {
	return func(r *Registry) {
		r.manners = append(r.manners, func(w http.ResponseWriter, request *http.Request, c call) bool {
			if !c.uploads() || request.Method != http.MethodPatch {
				return false
			}
			r.mu.Lock()
			room -= max(request.ContentLength, 0)
			full := room < 0
			r.mu.Unlock()
			if !full {
				return false
			}
			io.Copy(io.Discard, request.Body)
			refuseWith(w, http.StatusInternalServerError, "UNKNOWN", "unknown error", map[string]any{
				"DriverName": "filesystem",
				"Enclosed":   map[string]any{"Op": "write", "Path": "/var/lib/registry/docker/registry/v2/repositories/" + c.path + "/_" + c.id, "Err": 28},
			})
			return true
		})
	}
}

// RegistryHTML is no registry: whatever is asked for, it answers 200 and a page to
// log in at, as some proxies do.
func RegistryHTML() RegistryOption {
	return func(r *Registry) {
		r.manners = append(r.manners, func(w http.ResponseWriter, _ *http.Request, _ call) bool {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(w, "<!DOCTYPE html>\n<html><head><title>Log in</title></head><body><form method=post></form></body></html>\n")
			return true
		})
	}
}

// RegistryRewrites stores another manifest under a tag than it was given.
func RegistryRewrites() RegistryOption {
	return func(r *Registry) {
		r.manners = append(r.manners, func(_ http.ResponseWriter, request *http.Request, c call) bool {
			if c.setsTag(request) {
				body, _ := io.ReadAll(request.Body)
				request.Body = io.NopCloser(bytes.NewReader(append(body, '\n')))
				request.ContentLength = int64(len(body)) + 1
			}
			return false
		})
	}
}

// RegistryMisnames answers with another digest than that of the manifest it has,
// once a tag has been written.
func RegistryMisnames() RegistryOption {
	return func(r *Registry) {
		r.manners = append(r.manners, func(w http.ResponseWriter, request *http.Request, c call) bool {
			if c.writes || c.kind != "manifests" || r.Digest(c.path, c.id) == "" {
				return false
			}
			answer := httptest.NewRecorder()
			r.store.ServeHTTP(answer, request)
			for name, values := range answer.Header() {
				w.Header()[name] = values
			}
			w.Header().Set("Docker-Content-Digest", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
			w.WriteHeader(answer.Code)
			w.Write(answer.Body.Bytes())
			return true
		})
	}
}
