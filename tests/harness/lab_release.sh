# For live tests: a shop on test and prod, and its git repository, whose tags are built on test and go to prod.
# shellcheck shell=bash disable=SC2016  # quoted for hosts

stack() { # DEADLINE
	cat <<-END
	"shop": {
		"compose": { "project": "shop", "directory": "/srv/stacks/shop", "files": ["compose.yaml"] },
		"variables": { "STAGE": { "file": "$W/stage" } },
		"source": { "git": "$TMP/shop.git", "directory": "deploy" },
		"build": { "on": "test", "images": { "web": { "image": "shop-web", "context": "web" } } },
		"health": [{ "url": "http://127.0.0.1:8090/health" }], "health_deadline_s": $1
	}
	END
}
app shop test v1
app shop prod v1

# The repository: what prod runs now is its first commit.
export GIT_AUTHOR_NAME=Olga GIT_AUTHOR_EMAIL=olga@example.org GIT_COMMITTER_NAME=Olga GIT_COMMITTER_EMAIL=olga@example.org GIT_CONFIG_GLOBAL=/dev/null
git init -q -b main "$TMP/src" && git init -q --bare "$TMP/shop.git"
mkdir -p "$TMP/src/web" "$TMP/src/deploy"
on prod 'cat /srv/stacks/shop/compose.yaml' >"$TMP/src/deploy/compose.yaml"
at() { git -C "$TMP/src" "$@"; }
tag_is() { # TAG [MORE LINES OF THE DOCKERFILE]
	echo "$1" >"$TMP/src/web/version"
	printf '%s\n' 'FROM shop-web:v1' 'COPY version /etc/version' ${2:+"$2"} >"$TMP/src/web/Dockerfile"
	at add -A && at commit -q -m "$1" && at tag -f "$1" >/dev/null && at push -q -f "$TMP/shop.git" "$1"
}
mode_is() { sed -i "/MODE: /d; /STAGE/d; s|^      BACKEND: .*|&\n      MODE: $1\n      STAGE: \${STAGE:?}|" "$TMP/src/deploy/compose.yaml"; }
release() { run_rfa release shop "$1" --to prod "${@:2}"; }
serves() { on prod 'busybox wget -qO- -T 5 http://127.0.0.1:8090/health' | grep -q '"status":"ok"'; }
runs() { on prod "docker inspect -f '{{.Config.Image}}' shop-web-1"; }
mode() { on prod "docker inspect -f '{{.Config.Env}}' shop-web-1" | grep -o 'MODE=[a-z0-9.]*'; }
shop() { # DIR: a directory with an rfa.json for it
	W=$TMP/$1
	work "$1" "$(stack $((30 * SLOW)))"
}
stage_is() { printf '%s' "$1" >"$W/stage" && chmod 600 "$W/stage"; } # the value of the variable
stage() { on prod "docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' shop-web-1" | sed -n 's/^STAGE=//p'; }
