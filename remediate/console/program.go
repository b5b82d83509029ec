package console

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// Program finds a Chromium on this computer: the name or path of the first one
// that is there, "" if there is none.
func Program() string {
	for _, name := range programs() {
		if found, err := exec.LookPath(name); err == nil {
			return found
		}
	}
	return ""
}

// programs are where Chromium and Chrome are, in the order in which they are
// taken.
func programs() []string {
	switch runtime.GOOS {
	case "darwin":
		return []string{"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"}
	case "windows":
		names := []string{"chrome", "chrome.exe"}
		for _, variable := range []string{"ProgramFiles", "ProgramFiles(x86)", "LocalAppData"} {
			if dir := os.Getenv(variable); dir != "" {
				names = append(names, filepath.Join(dir, "Google", "Chrome", "Application", "chrome.exe"), filepath.Join(dir, "Chromium", "Application", "chrome.exe"))
			}
		}
		return append(names, "msedge") // on every such machine, and made of Chromium
	}
	return []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "google-chrome-beta", "google-chrome-unstable", "headless_shell", "headless-shell", "/usr/local/bin/chrome", "/snap/bin/chromium", "chrome"}
}
