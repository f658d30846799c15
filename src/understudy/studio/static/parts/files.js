// The allowed folders, to choose films from; and a place to drop films that lie elsewhere.
import { bytes, call, fail, part, tell } from "/static/api.js";

const ICONS = { folder: "folder", project: "movie_filter", film: "movie", picture: "image" };

export default {
  props: { chosen: { type: Array, default: () => [] } },
  emits: ["choose", "moved"],
  template: `
    <div class="stack" @dragover.prevent="over = true" @dragleave="over = false" @drop.prevent="drop">
      <div class="row"><button type="button" class="b icon" :disabled="!folder?.above" @click="open(folder.above)" title="The folder above"><q-icon name="arrow_upward" /></button>
        <span class="mono" style="flex: 1">{{ folder?.path }}</span>
        <button type="button" class="b" @click="choose(null)" :disabled="!folder" title="A folder of pictures or of face pictures">Take this folder</button></div>
      <div v-if="trouble" class="trouble" role="alert">{{ trouble }}</div>
      <div class="list" role="list" :style="{ outline: over ? '2px dashed var(--accent)' : 'none' }">
        <div v-for="each in folder?.entries" role="listitem">
          <button type="button" class="b flat" style="width: 100%; justify-content: start" :disabled="each.kind === 'project' || taken(each)" @click="pick(each)">
            <q-icon :name="icons[each.kind]" /><span class="break" style="white-space: normal; text-align: left; flex: 1">{{ each.name }}</span>
            <span v-if="taken(each)" class="badge good">chosen</span><span v-else-if="each.n_bytes" class="soft small">{{ bytes(each.n_bytes) }}</span></button></div>
        <p v-if="folder && !folder.entries.length" class="soft" style="padding: 12px">No folder, film or picture in here.</p>
      </div>
      <div v-for="each in sending" class="row small"><span class="break" style="flex: 1">{{ each.name }}</span><span class="bar" style="flex: 1"><i :style="{ width: each.share + '%' }"></i></span>
        <button type="button" class="b" @click="each.stop()">Stop</button></div>
      <div class="row"><label class="b"><q-icon name="upload" />Send films here<input type="file" multiple hidden @change="send($event.target.files)"></label>
        <span class="soft small">or drop them; {{ folder ? bytes(folder.free) : '' }} may be sent</span></div>
    </div>`,
  data: () => ({ folder: null, trouble: "", over: false, sending: [], icons: ICONS }),
  mounted() {
    this.open(".");
  },
  methods: {
    bytes,
    taken(each) {
      return this.chosen.includes(each.path);
    },
    async open(path) {
      try {
        this.folder = await call(`/files?path=${part(path)}`);
        this.trouble = "";
        this.$emit("moved", this.folder.path);
      } catch (error) {
        this.trouble = error.message;
      }
    },
    pick(each) {
      if (each.kind === "folder") this.open(each.path);
      else this.choose(each);
    },
    choose(each) {
      this.$emit("choose", each || { path: this.folder.path, name: this.folder.path.split("/").pop(), kind: "folder", n_bytes: 0 });
    },
    drop(event) {
      this.over = false;
      this.send(event.dataTransfer.files);
    },
    async send(files) {
      for (const file of files) {
        if (file.size > this.folder.free) {
          tell(`${file.name}: has ${bytes(file.size)}, and ${bytes(this.folder.free)} may be sent here`, "bad");
          continue;
        }
        try {
          const entry = await this.sendOne(file);
          this.$emit("choose", entry);
        } catch (error) {
          fail(error);
        }
      }
      this.open(this.folder.path);
    },
    // Not `fetch`, which does not say how much of a body is gone.
    sendOne(file) {
      const request = new XMLHttpRequest();
      this.sending.push({ name: file.name, share: 0, stop: () => request.abort() });
      const shown = this.sending[this.sending.length - 1];
      const done = () => this.sending.splice(this.sending.indexOf(shown), 1);
      request.open("PUT", `/api/v1/files?name=${part(file.name)}&folder=${part(this.folder.path)}`);
      request.upload.onprogress = (event) => (shown.share = (100 * event.loaded) / event.total);
      return new Promise((resolve, reject) => {
        request.onabort = () => (done(), reject(new Error(`${file.name}: was not sent`)));
        request.onerror = () => (done(), reject(new Error(`${file.name}: the connection broke; send it again`)));
        request.onload = () => {
          done();
          let told = {};
          try {
            told = JSON.parse(request.responseText);
          } catch {
            // said below
          }
          if (request.status === 201) resolve(told);
          else reject(new Error(told.message || `${file.name}: the studio answered ${request.status}`));
        };
        request.send(file);
      });
    },
  },
};
